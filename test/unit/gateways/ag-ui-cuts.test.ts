import type { Message } from '@ag-ui/client';
import type { LoggedEvent, RunEventBody } from '../../../src/streaming/index.js';
import { runAgent } from '../../support/ag-ui-agent.js';
import { createTestRedis, describeWithRedis, type TestRedis } from '../../support/redis/test-redis.js';
import { agentOf, agUiWire, approving, LOMU_RUN_ID } from '../../support/streaming/ag-ui-run.js';
import { completed, delta, MESSAGE_ID, recordedRun, USAGE } from '../../support/streaming/sample-events.js';
import { createStreamingApp, type StreamingApp } from '../../support/streaming/streaming-app.js';

const ASKED: Message[] = [{ id: 'u', role: 'user', content: 'Go.' }];
const INPUT = { threadId: 'thread', runId: 'r1', messages: ASKED, tools: [], context: [], state: {}, forwardedProps: {} };

/** The recorded run, which then asks for two approvals and goes on. */
function askingRun(): RunEventBody[] {
  const call = (callId: string) => ({ callId, name: 'write_file', input: { path: callId } });
  const succeeded = (callId: string): RunEventBody => ({ type: 'tool.succeeded', data: { ...call(callId), output: 'Grüße', truncated: false, durationMs: 1 } });
  return [
    ...recordedRun().slice(0, -1),
    ...['a', 'b'].map((callId, index): RunEventBody => ({ type: 'tool.approval_requested', data: { ...call(callId), expiresAt: '2099-01-01T00:00:00Z', remaining: 1 - index } })),
    ...['a', 'b'].flatMap((callId): RunEventBody[] => [{ type: 'tool.called', data: { ...call(callId), readOnly: false } }, succeeded(callId)]),
    { type: 'iteration.completed', data: { iteration: 1, usage: USAGE } },
    { type: 'iteration.started', data: { iteration: 2, maxIterations: 10 } },
    { type: 'reasoning.delta', data: { messageId: MESSAGE_ID, text: '世' } },
    { type: 'reasoning.delta', data: { messageId: MESSAGE_ID, text: '界' } },
    delta('\n\nAll '),
    delta('done.'),
    completed(),
  ];
}

describe('AG-UI over the log in memory', () => cutAnywhere());

describeWithRedis('AG-UI over the log in Redis', () => {
  let redis: TestRedis;
  beforeAll(async () => {
    redis = await createTestRedis();
  });
  afterAll(() => redis.close());
  cutAnywhere(() => redis);
});

function cutAnywhere(redisOf?: () => TestRedis): void {
  let server: StreamingApp;
  let events: readonly LoggedEvent[];
  let uncut: { readonly interrupted: Message[]; readonly ended: Message[] };

  beforeAll(async () => {
    server = await createStreamingApp({ redis: redisOf?.().server });
    await (await server.startRun(LOMU_RUN_ID, ...askingRun())).flush();
    ({ events } = await server.log.read(LOMU_RUN_ID, 0, 100));
    const agent = agentOf((body) => ({ pieces: [agUiWire(events, body, 1)] }), ASKED);
    await runAgent(agent, { runId: 'r1' });
    const interrupted = agent.messages;
    await runAgent(agent, { runId: 'r2', ...approving(agent) });
    uncut = { interrupted, ended: agent.messages };
  });
  afterAll(() => server.close());

  it('keeps all of the messages', () => {
    expect(uncut.ended.map(({ role, content }) => [role, content])).toEqual([
      ['user', 'Go.'],
      ['assistant', '👋 hello'],
      ['tool', ': no comment\n'],
      ['assistant', ' world'],
      ['tool', 'Grüße'],
      ['tool', 'Grüße'],
      ['reasoning', '世界'],
      ['assistant', 'All done.'],
    ]);
  });

  it('is, cut at any byte, a beginning of its events and an error', async () => {
    const wire = agUiWire(events, JSON.stringify(INPUT), 1);
    const whole = await eventsOf(wire);
    expect(whole.events.length).toBeGreaterThan(20);
    const ends = frameEnds(wire);
    for (let offset = 0; offset < wire.length; offset += 1) {
      const read = await eventsOf(wire.subarray(0, offset), true);
      const complete = ends.filter((end) => end <= offset).length;
      if (read.events.length !== complete || !read.hasFailed || ends.includes(offset)) expect({ offset, ...read }).toEqual({ offset, events: whole.events.slice(0, complete), hasFailed: true });
    }
  });

  it('has the messages of the uncut run when it is run again, wherever it was cut', async () => {
    const cuts = (body: string): readonly number[] => [0, ...frameEnds(agUiWire(events, body, 1)).slice(0, -1)];
    for (const at of cuts(JSON.stringify(INPUT))) {
      const agent = agentOf(cutOnce(at), ASKED);
      expect((await runAgent(agent, { runId: 'r1' })).error).toBeDefined();
      expect((await runAgent(agent, { runId: 'r1' })).error).toBeUndefined();
      expect({ at, messages: agent.messages }).toEqual({ at, messages: uncut.interrupted });
    }
    const agent = agentOf((body) => ({ pieces: [agUiWire(events, body, 1)] }), ASKED);
    await runAgent(agent, { runId: 'r1' });
    const resume = approving(agent);
    const second = JSON.stringify({ ...INPUT, runId: 'r2', messages: agent.messages, ...resume });
    for (const at of cuts(second)) {
      const again = agentOf(cutOnce(at), uncut.interrupted);
      await runAgent(again, { runId: 'r2', ...resume });
      expect((await runAgent(again, { runId: 'r2', ...resume })).error).toBeUndefined();
      expect({ at, messages: again.messages }).toEqual({ at, messages: uncut.ended });
    }
  });

  /** The first answer breaks off, having come event by event; the second comes at once. */
  function cutOnce(at: number): Parameters<typeof agentOf>[0] {
    let isCut = false;
    return (body) => {
      if (isCut) return { pieces: [agUiWire(events, body)] };
      isCut = true;
      return { pieces: [agUiWire(events, body, 1).subarray(0, at)].filter(({ length }) => length > 0), isBroken: true };
    };
  }
}

/** What the client's parser makes of it. */
async function eventsOf(bytes: Uint8Array, isBroken = false): Promise<{ events: unknown[]; hasFailed: boolean }> {
  const events: unknown[] = [];
  const agent = agentOf(() => ({ pieces: bytes.length > 0 ? [bytes] : [], isBroken }));
  const hasFailed = await new Promise<boolean>((resolve) => agent.run(INPUT).subscribe({ next: (event) => events.push(event), complete: () => resolve(false), error: () => resolve(true) }));
  return { events, hasFailed };
}

/** Where frames with data end. */
function frameEnds(wire: Buffer): number[] {
  const ends: number[] = [];
  for (let at = wire.indexOf('data: '); at >= 0; at = wire.indexOf('data: ', ends.at(-1))) ends.push(wire.indexOf('\n\n', at) + 2);
  return ends;
}
