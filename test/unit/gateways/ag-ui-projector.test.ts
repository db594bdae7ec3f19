import { jest } from '@jest/globals';
import { AgUiStreamProtocol } from '../../../src/gateways/ag-ui/ag-ui.stream-protocol.js';
import { SharedFrames } from '../../../src/gateways/ag-ui/shared-frames.js';
import { EMPTY_SNAPSHOT, type RunEventBody } from '../../../src/streaming/index.js';
import { runAgent, textOf, typesOf } from '../../support/ag-ui-agent.js';
import { agentOf, agUiWire, LOMU_RUN_ID, logged } from '../../support/streaming/ag-ui-run.js';
import { completed, delta, MESSAGE_ID, started } from '../../support/streaming/sample-events.js';

const iteration = (number: number): RunEventBody => ({ type: 'iteration.started', data: { iteration: number, maxIterations: 9 } });
const called = (callId: string): RunEventBody => ({ type: 'tool.called', data: { callId, name: 'read_file', input: { path: 'a' }, readOnly: true } });
const DISCARDED: RunEventBody = { type: 'text.discarded', data: { messageId: MESSAGE_ID, reason: 'retry' } };

function protocolOf(shared = new SharedFrames()): AgUiStreamProtocol {
  return new AgUiStreamProtocol({ threadId: 't', runId: 'r', lomuRunId: LOMU_RUN_ID, answeredCallIds: [] }, [], shared);
}

async function shown(bodies: readonly RunEventBody[]): ReturnType<typeof runAgent> {
  const run = await runAgent(agentOf((body) => ({ pieces: [agUiWire(logged(bodies), body, 1)] })));
  expect(run.error).toBeUndefined();
  return run;
}

describe('a run as AG-UI', () => {
  it('shows what the log says when an answer is begun anew and turns out otherwise than its first paragraphs', async () => {
    const { messages } = await shown([started(), iteration(1), delta('One.'), iteration(2), delta('\n\nTwo.'), DISCARDED, delta('Else.'), completed()]);
    expect(textOf(messages)).toEqual(['Else.']);
  });

  it('gives a call that nobody answered a result when the run ends: the client would take it for its own', async () => {
    const { messages } = await shown([started(), iteration(1), delta('Hm.'), called('c'), completed()]);
    expect(messages.at(-1)).toMatchObject({ role: 'tool', toolCallId: `${LOMU_RUN_ID}:c`, metadata: { lomu: { ok: false, code: 'cancelled' } } });
  });

  it('is told by a snapshot when its events are no longer kept', async () => {
    const call = { callId: 'c', name: 'read_file', input: {}, readOnly: true };
    const snapshot: RunEventBody = {
      type: 'run.snapshot',
      data: { ...EMPTY_SNAPSHOT, status: 'running', reasoning: 'Hm', message: { id: MESSAGE_ID, text: 'One.' }, toolCalls: [{ ...call, status: 'failed', error: { code: 'not_found', message: 'No a.' } }] },
    };
    const { messages } = await shown([snapshot, iteration(2), delta('\n\nTwo.'), completed()]);
    expect(messages.map(({ role, content }) => [role, content])).toEqual([['reasoning', 'Hm'], ['assistant', 'One.'], ['tool', 'No a.'], ['assistant', 'Two.']]);
  });

  it('ends with its questions when a snapshot says that it waits', async () => {
    const waiting = { callId: 'c', name: 'write_file', input: {}, readOnly: false, status: 'waiting' } as const;
    const { events } = await shown([{ type: 'run.snapshot', data: { ...EMPTY_SNAPSHOT, status: 'waiting', toolCalls: [waiting] } }]);
    expect(events.at(-1)).toMatchObject({ outcome: { type: 'interrupt', interrupts: [{ toolCallId: `${LOMU_RUN_ID}:c` }] } });
  });

  it('gives a late joiner the words of a message at once', () => {
    const events = logged([started(), iteration(1), ...Array.from({ length: 1_000 }, (_, index) => delta(`word ${index} `)), completed()]);
    expect(protocolOf().frames(events).filter(({ data }) => (data as string).includes('TEXT_MESSAGE_CONTENT'))).toHaveLength(1);
  });

  it('serialises each event once however many watch', () => {
    const shared = new SharedFrames();
    const viewers = Array.from({ length: 200 }, () => protocolOf(shared));
    const events = logged([started(), iteration(1), delta('One '), delta('two'), called('c'), completed()]);
    const serialise = jest.spyOn(JSON, 'stringify');
    const batches = [events.slice(0, 2), events.slice(2, 4), events.slice(4)];
    const seen = batches.map((batch) => viewers.map((viewer) => viewer.frames(batch)));
    const calls = serialise.mock.calls.filter(([value]) => typeof (value as { type?: unknown }).type === 'string').length;
    serialise.mockRestore();
    expect(calls).toBe(seen.flatMap(([frames]) => frames).length);
    for (const ofAll of seen) expect(new Set(ofAll.map((frames) => JSON.stringify(frames))).size).toBe(1);
  });

  it('closes what is open and says that it is an error when the connection ends first', () => {
    const protocol = protocolOf();
    protocol.frames(logged([started(), iteration(1), delta('One ')]));
    const last = protocol.farewell().map(({ data }) => JSON.parse(data as string));
    expect(typesOf(last)).toEqual(['TEXT_MESSAGE_END', 'STEP_FINISHED', 'RUN_ERROR']);
    expect(protocol.farewell()).toEqual([]);
  });
});
