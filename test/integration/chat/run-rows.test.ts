import { NO_TOTALS } from '../../../src/chat/loop/run-totals.js';
import { RunDispatcher, RunReaper } from '../../../src/chat/index.js';
import { RunEnder } from '../../../src/chat/runs/run-ender.js';
import { type RunFence, RunStore, type StepRecord, type ToolOutcome } from '../../../src/chat/runs/run-store.js';
import { newId, NO_USAGE } from '../../../src/common/index.js';
import type { PrismaService } from '../../../src/database/index.js';
import { RUN_DIRECTORY, RUN_EVENT_LOG, type RunDirectory, type RunEventLog } from '../../../src/streaming/index.js';
import { startQuietApp } from '../../support/chat/quiet-app.js';
import { seedRun } from '../../support/chat/seed-run.js';
import type { TestApp } from '../../support/test-app.js';

let lomu: TestApp;
let prisma: PrismaService;
let store: RunStore;

beforeAll(async () => {
  lomu = await startQuietApp({ environment: { LIMIT_CHAT_MAX_CONCURRENT_RUNS_PER_USER: '1000' } });
  ({ prisma } = lomu.database);
  store = lomu.app.get(RunStore);
  await lomu.client.run('hello'); // opens the account
});
afterAll(() => lomu.close());

const LEASE_MS = 15_000;
const MINUTE_AGO = (): Date => new Date(Date.now() - 60_000);

async function claimed(columns = {}): Promise<{ fence: RunFence; runId: string; conversationId: string }> {
  const run = await seedRun(prisma, columns);
  const row = await store.claim(run.id, 'me', LEASE_MS);
  return { fence: { runId: run.id, fencingToken: row?.fencingToken ?? -1 }, runId: run.id, conversationId: run.conversationId };
}

function stepOf(text = 'Let me look.'): StepRecord {
  return { iteration: 1, attempt: 1, model: 'm', answer: { role: 'model', text, toolCalls: [] }, finishReason: 'tool_calls', usage: NO_USAGE, chargedNanoUsd: 0n, durationMs: 1, firstTokenMs: null };
}

function outcomeOf(callId: string, output: string): ToolOutcome {
  return { callId, status: 'succeeded', output, isTruncated: false, outputRef: null, errorCode: null, durationMs: 1 };
}

const CALL = { callId: 'call-1', name: 'edit_file', input: { path: 'a' }, isReadOnly: false };

describe('I7: under a stale token', () => {
  it('nothing of a run is written, and no change begins', async () => {
    const { fence, runId } = await claimed();
    expect(await store.saveAnswer(fence, stepOf(), [CALL, { ...CALL, callId: 'call-2' }], NO_TOTALS, 'working', 5)).toBe(true);
    await prisma.run.update({ where: { id: runId }, data: { fencingToken: { increment: 1 } } });

    expect(await store.markToolStarted(fence, 'call-1')).toBe(false);
    expect(await store.saveToolOutcomes(fence, [outcomeOf('call-1', 'stale')], { ...NO_TOTALS, toolCalls: 1 }, 9)).toBe(false);
    expect(await store.saveAnswer(fence, { ...stepOf(), iteration: 2 }, [], { ...NO_TOTALS, iterations: 2 }, 'working', 9)).toBe(false);
    expect(await store.renewLease(fence, { leaseMs: LEASE_MS, workedMs: 5_000 })).toMatchObject({ isOwned: false });

    expect(await prisma.run.findUniqueOrThrow({ where: { id: runId } })).toMatchObject({ lastSeq: 5, toolCalls: 0, iterations: 0 });
    expect(await prisma.step.count({ where: { runId } })).toBe(1);
    expect((await prisma.toolCall.findMany({ where: { runId } })).map((call) => call.status)).toEqual(['pending', 'pending']);
    const current = { ...fence, fencingToken: fence.fencingToken + 1 };
    expect(await store.markToolStarted(current, 'call-1')).toBe(true);
    expect(await store.markToolStarted(current, 'call-1')).toBe(false); // I4: once
  });
});

describe('what tools and models say', () => {
  it('is kept whatever is in it: NUL, half a pair, a megabyte', async () => {
    const { fence, runId } = await claimed();
    const calls = ['a', 'b', 'c'].map((callId) => ({ ...CALL, callId, input: { text: '\0 and \ud83d' } }));
    expect(await store.saveAnswer(fence, stepOf('nul \0, half \ud83d'), calls, NO_TOTALS, 'working', 1)).toBe(true);
    const large = 'x'.repeat(1024 * 1024);
    expect(await store.saveToolOutcomes(fence, [outcomeOf('a', 'nul \0'), outcomeOf('b', 'half \udc00 pair'), outcomeOf('c', large)], NO_TOTALS, 2)).toBe(true);
    const rows = await prisma.toolCall.findMany({ where: { runId }, orderBy: { callId: 'asc' } });
    expect(rows.map((row) => row.output)).toEqual(['nul \ufffd', 'half \ufffd pair', large]);
    expect(rows[0]?.input).toEqual({ text: '\ufffd and \ufffd' });
    expect((await prisma.step.findFirstOrThrow({ where: { runId } })).content).toMatchObject({ text: 'nul \ufffd, half \ufffd' });
  });
});

describe('a run whose instance is gone', () => {
  /** By default one that was taken up too often. */
  const orphan = async (takeovers = 3) => {
    const { fence, runId, conversationId } = await claimed({ takeovers });
    await store.saveAnswer(fence, stepOf('As far as I got.'), [CALL], { ...NO_TOTALS, iterations: 1 }, 'working', 7);
    await store.markToolStarted(fence, 'call-1');
    await prisma.run.update({ where: { id: runId }, data: { leaseExpiresAt: MINUTE_AGO() } });
    return { runId, conversationId };
  };

  it('I1: is ended once by two reapers at once when it was taken up too often, with what it had answered and what settled', async () => {
    const { runId, conversationId } = await orphan();
    await prisma.usageRecord.create({ data: { id: newId(), holdId: `${runId}:1:1`, userId: 'local', runId, iteration: 1, attempt: 1, intent: 'fix', model: 'm', inputTokens: 30, cachedInputTokens: 0, toolUseInputTokens: 0, outputTokens: 4, reasoningTokens: 0, costNanoUsd: 11n, chargedNanoUsd: 11n } });
    await prisma.failureIncident.create({ data: { id: newId(), runId, userId: 'local', iteration: 1, attempt: 1, pattern: 'overloaded', category: 'model', severity: 'low', strategy: 'retry', action: {}, detail: '', outcome: 'open', createdAt: new Date() } });
    const reaper = lomu.app.get(RunReaper);
    const ended = await Promise.all([reaper.reap(100), reaper.reap(100)]);
    expect(ended[0] + ended[1]).toBe(1);

    const row = await prisma.run.findUniqueOrThrow({ where: { id: runId } });
    expect(row).toMatchObject({ status: 'failed', failurePattern: 'instance_crash', modelCalls: 1, chargedNanoUsd: 11n, inputTokens: 30 });
    expect(await prisma.message.findMany({ where: { conversationId, role: 'assistant' } })).toMatchObject([{ text: 'As far as I got.' }]);
    expect((await prisma.failureIncident.findMany({ where: { runId } })).map((incident) => incident.outcome)).toEqual(['failed', 'failed']);

    // I2: whoever watched gets a snapshot and the one terminal event, numbered as the row says. I4: the change's outcome is unknown.
    const events = await lomu.client.events(`/api/chat/runs/${runId}/events?after=7`).toTerminal();
    expect(events.map((event) => event.type)).toEqual(['run.snapshot', 'run.failed']);
    expect(events.at(-1)?.id).toBe(String(row.lastSeq));
    expect(events[0]?.data.toolCalls).toMatchObject([{ status: 'failed', error: { code: 'outcome_unknown' } }]);
  });

  it('run.maxTakeovers: below it a run is taken up again, at and above it it is ended with the pattern instance_crash', async () => {
    const runs = await Promise.all([orphan(2), orphan(3), orphan(4)]);
    expect(await lomu.app.get(RunReaper).reap(100)).toBe(3);
    const rows = await Promise.all(runs.map(({ runId }) => prisma.run.findUniqueOrThrow({ where: { id: runId } })));
    expect(rows.map(({ failurePattern, takeovers }) => ({ failurePattern, takeovers }))).toEqual([
      { failurePattern: null, takeovers: 3 },
      { failurePattern: 'instance_crash', takeovers: 3 },
      { failurePattern: 'instance_crash', takeovers: 4 },
    ]);
    expect(rows[0]?.lastSeq).toBeGreaterThanOrEqual(50_000_007); // I2: beyond all that was seen
    expect((await lomu.client.events(`/api/chat/runs/${runs[0].runId}/events`).toTerminal()).at(-1)?.type).toBe('run.completed');
  });

  it('I1, I2, I4, I7: is taken up once by two reapers at once, told that the outcome of its change is unknown, and ends with all it had answered', async () => {
    const { runId } = await orphan(0);
    const stale = { runId, fencingToken: 1 };
    const taken = await Promise.all([lomu.app.get(RunReaper).reap(100), lomu.app.get(RunReaper).reap(100)]);
    expect(taken[0] + taken[1]).toBe(1);
    await lomu.app.get(RunDispatcher).refill();
    const events = await lomu.client.events(`/api/chat/runs/${runId}/events?after=7`).toTerminal();
    const ids = events.map((event) => Number(event.id));
    expect(ids).toEqual(ids.map((_, index) => (ids[0] ?? 0) + index));
    expect(events[0]).toMatchObject({ type: 'run.snapshot', data: { message: { text: expect.stringMatching(/^As far as I got\./) } } });
    // As an event, or in the snapshot when it had happened by the time that the client came.
    const told = [...events.filter((event) => event.type === 'tool.failed').map((event) => event.data), ...(events[0]?.data.toolCalls ?? [])];
    expect(told).toContainEqual(expect.objectContaining({ callId: 'call-1', error: expect.objectContaining({ code: 'outcome_unknown' }) }));
    expect(events.filter((event) => event.type === 'run.started')).toEqual([]);
    expect(events.at(-1)?.type).toBe('run.completed');
    expect(events.at(-1)?.data.message.text).toMatch(/^As far as I got\.\n\n/);
    expect(await prisma.toolCall.findMany({ where: { runId, callId: 'call-1' } })).toMatchObject([{ status: 'failed', errorCode: 'outcome_unknown' }]);
    expect(await store.saveToolOutcomes(stale, [outcomeOf('call-1', 'late')], NO_TOTALS, 9)).toBe(false);
  });

  it('I1: that had given its answer is only ended, without another model call', async () => {
    const { fence, runId } = await claimed();
    await store.saveAnswer(fence, { ...stepOf('That is all.'), finishReason: 'stop' }, [], { ...NO_TOTALS, iterations: 1 }, 'working', 7);
    await prisma.run.update({ where: { id: runId }, data: { leaseExpiresAt: MINUTE_AGO() } });
    await lomu.app.get(RunReaper).reap(100);
    await lomu.app.get(RunDispatcher).refill();
    const events = await lomu.client.events(`/api/chat/runs/${runId}/events?after=7`).toTerminal();
    expect(events.at(-1)).toMatchObject({ type: 'run.completed', data: { finishReason: 'stop', message: { text: 'That is all.' }, usage: { modelCalls: 0 } } });
    expect(await prisma.step.count({ where: { runId } })).toBe(1);
  });

  it('I1: is cancelled when somebody had asked for that', async () => {
    const { runId } = await orphan(0);
    await prisma.run.update({ where: { id: runId }, data: { cancelRequestedAt: new Date(), cancelReason: 'user' } });
    expect(await lomu.app.get(RunReaper).reap(100)).toBe(1);
    expect((await prisma.run.findUniqueOrThrow({ where: { id: runId } })).status).toBe('cancelled');
  });

  it('I1: is cancelled, by the next pass, when somebody asked for that while it was about to be taken over', async () => {
    const { runId } = await orphan(0);
    const findOrphans = store.findOrphans.bind(store);
    store.findOrphans = async (limit) => {
      const found = await findOrphans(limit);
      await prisma.run.update({ where: { id: runId }, data: { cancelRequestedAt: new Date(), cancelReason: 'user' } });
      return found;
    };
    try {
      expect(await lomu.app.get(RunReaper).reap(100)).toBe(0);
    } finally {
      store.findOrphans = findOrphans;
    }
    expect(await lomu.app.get(RunReaper).reap(100)).toBe(1);
    expect(await prisma.run.findUniqueOrThrow({ where: { id: runId } })).toMatchObject({ status: 'cancelled', failurePattern: null });
  });

  it.each([
    ['months ago', Date.now() - 90 * 86_400_000, 2 ** 31 - 1],
    ['by a clock that has gone back by months', Date.now() + 90 * 86_400_000, 0],
  ])('I1: is ended also when it was admitted %s', async (_, createdAt, durationMs) => {
    const { runId } = await orphan();
    await prisma.run.update({ where: { id: runId }, data: { createdAt: new Date(createdAt) } });
    expect(await lomu.app.get(RunReaper).reap(100)).toBe(1);
    expect(await prisma.run.findUniqueOrThrow({ where: { id: runId } })).toMatchObject({ status: 'failed', durationMs });
  });

  it('is left alone while its lease lives', async () => {
    const { runId } = await claimed();
    expect(await lomu.app.get(RunReaper).reap(100)).toBe(0);
    expect((await prisma.run.findUniqueOrThrow({ where: { id: runId } })).status).toBe('running');
  });

  it('does not keep others from their end when it cannot be ended itself', async () => {
    const stuck = await orphan();
    const fine = await orphan();
    const log = lomu.app.get<RunEventLog>(RUN_EVENT_LOG);
    const openWriter = log.openWriter.bind(log);
    log.openWriter = (runId, ...rest) => (runId === stuck.runId ? Promise.reject(new Error('no log today')) : openWriter(runId, ...rest));
    try {
      await expect(lomu.app.get(RunReaper).reap(100)).rejects.toThrow('1 of 2 runs could not be ended: Error: no log today');
      expect((await prisma.run.findUniqueOrThrow({ where: { id: fine.runId } })).status).toBe('failed');
    } finally {
      log.openWriter = openWriter;
    }
    expect(await lomu.app.get(RunReaper).reap(100)).toBe(1);
  });
});

describe('a queued run', () => {
  it('I1: whose cancel was cut short is ended as cancelled', async () => {
    const { id } = await seedRun(prisma, { cancelRequestedAt: MINUTE_AGO(), cancelReason: 'interrupted' });
    const justNow = await seedRun(prisma, { cancelRequestedAt: new Date() });
    expect(await lomu.app.get(RunReaper).reap(100)).toBe(1);
    expect(await prisma.run.findUniqueOrThrow({ where: { id } })).toMatchObject({ status: 'cancelled', cancelReason: 'interrupted' });
    expect((await prisma.run.findUniqueOrThrow({ where: { id: justNow.id } })).status).toBe('queued');
  });

  it('I1: is ended once by five who try, and its hold is given back', async () => {
    const { id } = await seedRun(prisma);
    await prisma.creditHold.create({ data: { id: `${id}:1:1`, userId: 'local', runId: id, amountNanoUsd: 5n, maxOutputTokens: 1, inputTokens: 1, model: 'm', intent: 'fix', status: 'held', leaseExpiresAt: new Date(Date.now() + 60_000) } });
    await prisma.creditAccount.update({ where: { userId: 'local' }, data: { heldNanoUsd: { increment: 5n } } });
    const ender = lomu.app.get(RunEnder);
    const ended = await Promise.all(Array.from({ length: 5 }, () => ender.end(id, { status: 'queued' }, { status: 'cancelled', reason: 'user' })));
    expect(ended.filter(Boolean)).toHaveLength(1);
    expect(await prisma.creditHold.findUniqueOrThrow({ where: { id: `${id}:1:1` } })).toMatchObject({ status: 'released' });
    const events = await lomu.client.events(`/api/chat/runs/${id}/events`).toTerminal();
    expect(events.filter((event) => event.type === 'run.cancelled')).toHaveLength(1);
  });
});

describe('conversations', () => {
  it('page without gaps or repeats while others are added', async () => {
    const before = (await lomu.client.get('/api/chat/conversations?limit=200')).body.items.map((item: { id: string }) => item.id);
    const seen: string[] = [];
    let cursor: string | null = '';
    while (cursor !== null) {
      const { body }: { body: { items: { id: string }[]; nextCursor: string | null } } = await lomu.client.get(`/api/chat/conversations?limit=3${cursor && `&cursor=${encodeURIComponent(cursor)}`}`);
      seen.push(...body.items.map((item) => item.id));
      cursor = body.nextCursor;
      await seedRun(prisma, { status: 'completed', finishedAt: new Date() });
    }
    expect(seen).toEqual(before);
  });

  it('show a message that was enqueued during a run behind the answer of that run', async () => {
    const first = await lomu.client.post('/api/chat/runs', { message: 'hello' });
    const { conversationId } = first.body;
    const second = await lomu.client.run('hello again', { conversationId, onBusy: 'enqueue' });
    const third = await lomu.client.run('and again', { conversationId, onBusy: 'enqueue' });
    expect([second.terminal.type, third.terminal.type]).toEqual(['run.completed', 'run.completed']);
    const { items } = (await lomu.client.get(`/api/chat/conversations/${conversationId}/messages`)).body;
    expect(items.map((item: { role: string; runId: string | null }) => item.role)).toEqual(['user', 'assistant', 'user', 'assistant', 'user', 'assistant']);
    expect(items.filter((item: { role: string }) => item.role === 'user').map((item: { text: string }) => item.text)).toEqual(['hello', 'hello again', 'and again']);
  });

  it('show messages in order, page by page', async () => {
    const { started } = await lomu.client.run('hello');
    for (const message of ['hello again', 'and again']) await lomu.client.run(message, { conversationId: started.conversationId });
    const path = `/api/chat/conversations/${started.conversationId}/messages`;
    const all = (await lomu.client.get(path)).body.items;
    expect(all.map((item: { role: string }) => item.role)).toEqual(['user', 'assistant', 'user', 'assistant', 'user', 'assistant']);
    const first = (await lomu.client.get(`${path}?limit=4`)).body;
    const second = (await lomu.client.get(`${path}?limit=4&cursor=${encodeURIComponent(first.nextCursor)}`)).body;
    expect([...first.items, ...second.items]).toEqual(all);
    expect(second.nextCursor).toBeNull();
  });
});

describe('the snapshot of a run that goes on', () => {
  it('I2: stops where its number does, also when a step or the whole answer is saved while it is taken', async () => {
    const { fence, runId } = await claimed();
    await store.saveAnswer(fence, stepOf('First.'), [], { ...NO_TOTALS, iterations: 1 }, 'thinking', 7);
    await store.saveAnswer(fence, { ...stepOf('Second.'), iteration: 2 }, [], { ...NO_TOTALS, iterations: 2 }, 'thinking', 20);
    const { assistantMessageId: id, conversationId } = await prisma.run.update({ where: { id: runId }, data: { iterations: 1, lastSeq: 7 } }); // as it was read a moment before
    await prisma.message.create({ data: { id, conversationId, runId, role: 'assistant', text: 'First. Second.' } });
    expect(await lomu.app.get<RunDirectory>(RUN_DIRECTORY).findRecord(runId)).toMatchObject({ lastSeq: 7, snapshot: { message: { text: 'First.' } } });
  });
});
