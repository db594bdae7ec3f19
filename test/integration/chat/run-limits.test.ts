import type { LimitKey, LimitValue } from '../../../src/limits/index.js';
import { startQuietApp } from '../../support/chat/quiet-app.js';
import type { ReceivedEvent } from '../../support/event-source-reader.js';
import { type GeminiEmulator, startGeminiEmulator, turn } from '../../support/gemini-emulator/index.js';
import type { HttpAnswer } from '../../support/http-client.js';
import type { TestApp } from '../../support/test-app.js';
import { createTestWorkspace, TODO_PROJECT, type TestWorkspace } from '../../support/test-workspace.js';

/** Every limit that chat applies: what happens below, at and above it. */
let gemini: GeminiEmulator;
let workspace: TestWorkspace;
let lomu: TestApp;

beforeAll(async () => {
  gemini = await startGeminiEmulator();
  workspace = await createTestWorkspace(TODO_PROJECT);
  lomu = await startQuietApp({ workspace, environment: { ...gemini.environment, SIGNUP_CREDITS: '1000000', LIMIT_CHAT_MAX_CONCURRENT_RUNS_PER_USER: '50' } });
});
afterAll(async () => {
  await lomu.close();
  await gemini.close();
  await workspace.remove();
});

const changed = new Set<LimitKey>();

async function limit<Key extends LimitKey>(key: Key, value: LimitValue<Key>): Promise<void> {
  const { status, body } = await lomu.client.put(`/api/limits/${key}`, { value, reason: 'test' });
  if (status >= 300) throw new Error(JSON.stringify(body));
  changed.add(key);
}

afterEach(async () => {
  for (const key of changed) await lomu.client.delete(`/api/limits/${key}`);
  changed.clear();
  await cancelAll();
  // Whatever happened, a run that has ended holds no credits (I3).
  expect(await lomu.database.prisma.creditHold.findMany({ where: { status: 'held' } })).toEqual([]);
  expect((await lomu.client.get('/api/billing/balance')).body.heldNanoUsd).toBe('0');
  gemini.reset();
});

async function cancelAll(): Promise<void> {
  const { prisma } = lomu.database;
  for (;;) {
    const active = await prisma.run.findMany({ where: { finishedAt: null }, select: { id: true } });
    if (active.length === 0) return;
    await Promise.all(active.map((run) => lomu.client.post(`/api/chat/runs/${run.id}/cancel`)));
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

function start(message = 'hello', options: Record<string, unknown> = {}): Promise<HttpAnswer<{ runId: string; conversationId: string; eventsUrl: string; code: string; limit?: string; value?: number }>> {
  return lomu.client.post('/api/chat/runs', { message, intent: 'analysis', ...options });
}

function stall(): void {
  gemini.respondWith(() => turn().text('thinking').stall());
}

/** Resolves when the model is asked. */
async function asked(count: number): Promise<void> {
  while (gemini.requests.length < count) await new Promise((resolve) => setTimeout(resolve, 5));
}

function keepCalling(): void {
  gemini.respondWith((call) => (call.body.tools ? turn().call('list_files', {}).usage({ prompt: 10, candidates: 5 }) : turn().text('Done.').usage({ prompt: 10, candidates: 5 })));
}

/** Reads end in any order, so sorted. */
function toolEnds(events: readonly ReceivedEvent[]): string[] {
  return events.flatMap((event) => (event.type === 'tool.succeeded' ? 'ok' : event.type === 'tool.failed' ? [event.data.error.code as string] : [])).sort();
}

async function rowCount(): Promise<number> {
  const { prisma } = lomu.database;
  return (await prisma.run.count()) + (await prisma.message.count({ where: { role: 'user' } })) + (await prisma.conversation.count()) + (await prisma.conversationSession.count());
}

describe('a message', () => {
  it('chat.maxMessageBytes: counts UTF-8 bytes; nothing is written of one that is too large', async () => {
    await limit('chat.maxMessageBytes', 10);
    gemini.respondWith(() => turn().text('ok'));
    expect((await start('123456789')).status).toBe(202);
    expect((await start('ééééé')).status).toBe(202);
    const before = await rowCount();
    expect(await start('ééééé1')).toMatchObject({ status: 413, body: { code: 'payload_too_large', limit: 'chat.maxMessageBytes', value: 10 } });
    expect(await rowCount()).toBe(before);
  });

  it('model.maxContextTokens: is taken when its prompt fits exactly, refused one token above', async () => {
    const message = 'word '.repeat(1_500);
    gemini.respondWith(() => turn().text('ok'));
    const { inputTokens } = (await lomu.client.post('/api/billing/estimate', { message, intent: 'analysis' })).body;
    await limit('model.maxContextTokens', inputTokens);
    expect((await start(message)).status).toBe(202);
    await limit('model.maxContextTokens', inputTokens - 1);
    expect(await start(message)).toMatchObject({ status: 413, body: { code: 'payload_too_large' } });
  });

  it('model.maxContextTokens: ends a run whose own steps outgrow it, and says so', async () => {
    await workspace.write('large.txt', Array.from({ length: 3_000 }, (_, line) => `line ${line}\n`).join(''));
    gemini.respondWith((call) => (call.body.tools ? turn().call('read_file', { path: 'large.txt' }) : turn().text('Done.')));
    const { inputTokens } = (await lomu.client.post('/api/billing/estimate', { message: 'Read it', intent: 'analysis' })).body;
    await limit('model.maxContextTokens', Math.max(1_000, inputTokens + 500));
    const { terminal } = await lomu.client.run('Read it', { intent: 'analysis' });
    expect(terminal).toMatchObject({ type: 'run.failed', data: { error: { pattern: 'token_limit' } } });
    expect(gemini.callCount).toBe(1);
  });

  it('chat.maxHistoryMessages: is given that many earlier messages', async () => {
    gemini.respondWith(() => turn().text('answer'));
    const { started } = await lomu.client.run('one', { intent: 'analysis' });
    const { conversationId } = started;
    await lomu.client.run('two', { intent: 'analysis', conversationId });
    for (const [allowed, contents] of [[4, 5], [2, 3]] as const) {
      await limit('chat.maxHistoryMessages', allowed);
      const { terminal } = await lomu.client.run('again', { intent: 'analysis', conversationId });
      expect(gemini.lastRequest.body.contents).toHaveLength(contents);
      expect(terminal.type).toBe('run.completed');
    }
  });
});

describe('how much goes on at once', () => {
  it('chat.maxConcurrentRunsPerUser: allows that many, refuses one more, and lets an interrupting message take the place of what it interrupts', async () => {
    await limit('chat.maxConcurrentRunsPerUser', 2);
    stall();
    const first = await start();
    expect(first.status).toBe(202);
    expect((await start()).status).toBe(202);
    const before = await rowCount();
    const refused = await start();
    expect(refused).toMatchObject({ status: 429, body: { code: 'limit_exceeded', limit: 'chat.maxConcurrentRunsPerUser', value: 2 } });
    expect(refused.headers.get('retry-after')).toBe('5');
    expect(await rowCount()).toBe(before);
    await asked(2);
    expect((await start('instead', { conversationId: first.body.conversationId, onBusy: 'interrupt' })).status).toBe(202);
    expect((await lomu.client.events(first.body.eventsUrl).toTerminal()).at(-1)).toMatchObject({ type: 'run.cancelled', data: { reason: 'interrupted' } });
  });

  it('a refused interrupting message interrupts nothing', async () => {
    stall();
    const first = await start();
    await start();
    await asked(2);
    await limit('chat.maxConcurrentRunsPerUser', 1);
    expect((await start('instead', { conversationId: first.body.conversationId, onBusy: 'interrupt' })).status).toBe(429);
    expect(await lomu.database.prisma.run.findUniqueOrThrow({ where: { id: first.body.runId } })).toMatchObject({ status: 'running', cancelRequestedAt: null });
  });

  it('chat.maxQueued: those that have to wait are told so; beyond it they are refused', async () => {
    await limit('chat.maxConcurrentRunsPerInstance', 1);
    await limit('chat.maxQueued', 2);
    stall();
    const working = await start();
    await asked(1);
    const first = await start();
    const second = await start();
    expect((await lomu.client.events(second.body.eventsUrl).next((event) => event.type === 'run.queued')).data).toMatchObject({ position: 1 });
    const before = await rowCount();
    expect(await start()).toMatchObject({ status: 503, body: { code: 'queue_full' } });
    expect(await rowCount()).toBe(before);
    gemini.respondWith(() => turn().text('my turn'));
    await lomu.client.post(`/api/chat/runs/${working.body.runId}/cancel`);
    const events = await lomu.client.events(first.body.eventsUrl).toTerminal();
    expect(events.map((event) => event.type).slice(0, 2)).toEqual(['run.queued', 'run.started']);
    expect(events.map((event) => Number(event.id))).toEqual(events.map((_, index) => index + 1)); // I2
    expect(events.at(-1)?.type).toBe('run.completed');
  });

  it('chat.refuseNewRuns: refuses new ones and leaves those alone that go on', async () => {
    gemini.script([turn().text('one ').pause(200).text('two')]);
    const going = await start();
    await asked(1);
    await limit('chat.refuseNewRuns', true);
    const refused = await start();
    expect(refused).toMatchObject({ status: 503, body: { code: 'runs_refused' } });
    expect(refused.headers.get('retry-after')).toBe('60');
    expect((await lomu.client.events(going.body.eventsUrl).toTerminal()).at(-1)?.type).toBe('run.completed');
    await limit('chat.refuseNewRuns', false);
    stall();
    expect((await start()).status).toBe(202);
  });
});

describe('how much is used', () => {
  it('model.maxCallsPerSession: ends a run at it, and refuses the next message of that conversation alone', async () => {
    await limit('model.maxCallsPerSession', 3);
    keepCalling();
    const first = await lomu.client.run('go', { intent: 'analysis' });
    expect(gemini.requests).toHaveLength(3);
    expect(first.terminal.data.finishReason).toBe('session_limit');
    expect(first.terminal.data.message.text).toContain('3 model calls');
    const { conversationId } = first.started;
    expect(await start('more', { conversationId })).toMatchObject({ status: 429, body: { limit: 'model.maxCallsPerSession', value: 3 } });
    await limit('model.maxCallsPerSession', 4);
    gemini.respondWith(() => turn().text('one more'));
    expect((await lomu.client.run('more', { conversationId, intent: 'analysis' })).terminal.data.finishReason).toBe('stop');
    await limit('model.maxCallsPerSession', 1);
    expect((await lomu.client.run('new', { intent: 'analysis' })).terminal.data.finishReason).toBe('stop');
  });

  it('model.tokensPerMinute: refuses when they are used up', async () => {
    gemini.respondWith(() => turn().text('ok').usage({ prompt: 2_000, candidates: 10, thoughts: 5 }));
    await lomu.client.run('hello', { intent: 'casual' });
    const { _sum: sum } = await lomu.database.prisma.usageRecord.aggregate({ _sum: { inputTokens: true, outputTokens: true, reasoningTokens: true } });
    const used = (sum.inputTokens ?? 0) + (sum.outputTokens ?? 0) + (sum.reasoningTokens ?? 0);
    await limit('model.tokensPerMinute', used + 1);
    expect((await start()).status).toBe(202);
    await cancelAll();
    await limit('model.tokensPerMinute', used);
    expect(await start()).toMatchObject({ status: 429, body: { limit: 'model.tokensPerMinute', value: used } });
  });

  it('model.maxOutputTokens: a run whose rest is not worth a call ends with what it has', async () => {
    await limit('model.maxOutputTokens', 2_000);
    gemini.respondWith(() => turn().text('step').call('list_files', {}).usage({ prompt: 10, candidates: 488, thoughts: 0 }));
    const { terminal, events } = await lomu.client.run('go', { intent: 'fix' });
    // 2000, 1512 and 1024 left: still worth one (model.minOutputTokens); 536 are not.
    expect(gemini.requests.map((call) => call.body.generationConfig?.maxOutputTokens)).toEqual([2_000, 1_512, 1_024]);
    expect(terminal).toMatchObject({ type: 'run.completed', data: { finishReason: 'length' } });
    expect(events.find((event) => event.type === 'limit.reached')?.data).toMatchObject({ limit: 'model.maxOutputTokens', value: 2_000 });
  });

  it('model.maxOutputTokensPerCall: is what each call asks for', async () => {
    await limit('model.maxOutputTokensPerCall', 300);
    keepCalling();
    await lomu.client.run('go', { intent: 'search' });
    expect(gemini.requests.map((call) => call.body.generationConfig?.maxOutputTokens)).toEqual([300, 300, 300]);
  });

  it('tool.maxPerIteration and tool.maxPerSession: run the first ones and refuse the rest, each with its reason', async () => {
    await limit('tool.maxPerIteration', 2);
    const three = () => turn().call('list_files', {}).call('list_files', {}).call('list_files', {});
    gemini.script([turn().call('list_files', {}).call('list_files', {}), three(), turn().text('Done.')]);
    const { events, started } = await lomu.client.run('go', { intent: 'analysis' });
    expect(toolEnds(events)).toEqual(['limit_reached', 'ok', 'ok', 'ok', 'ok']);

    await limit('tool.maxPerIteration', 5);
    await limit('tool.maxPerSession', 7); // five are used
    gemini.script([three(), turn().text('Done.')]);
    const next = await lomu.client.run('go on', { intent: 'analysis', conversationId: started.conversationId });
    expect(toolEnds(next.events)).toEqual(['limit_reached', 'ok', 'ok']);
    expect(next.terminal.type).toBe('run.completed');
  });
});

describe('iterations', () => {
  it.each([
    ['casual', 2], ['search', 2], ['analysis', 3], ['fix', 2], ['refactor', 2], ['default', 2],
  ] as const)('iteration.maxByIntent.%s: the last allowed one has no tools and answers', async (intent, allowed) => {
    await limit(`iteration.maxByIntent.${intent}`, allowed);
    keepCalling();
    const { terminal } = await lomu.client.run('go', { intent });
    expect(gemini.requests).toHaveLength(allowed);
    expect(gemini.requests.map((call) => call.body.tools !== undefined)).toEqual([...Array<boolean>(allowed - 1).fill(true), false]);
    expect(terminal.data).toMatchObject({ finishReason: 'iterations', message: { text: 'Done.' } });
  });

  it('below it a run ends when the model is done', async () => {
    await limit('iteration.maxByIntent.fix', 3);
    gemini.script([turn().call('list_files', {}), turn().text('Done.')]);
    expect((await lomu.client.run('go', { intent: 'fix' })).terminal.data.finishReason).toBe('stop');
  });
});

describe('time', () => {
  it('run.timeoutMs.*: each intent has its own; what was answered is kept, and nobody hangs', async () => {
    const intents = ['casual', 'search', 'analysis', 'fix', 'refactor', 'default'] as const;
    for (const intent of intents) await limit(`run.timeoutMs.${intent}`, 1_000);
    stall();
    const runs = await Promise.all(intents.map((intent) => lomu.client.run('go', { intent })));
    for (const { terminal, events } of runs) {
      expect(terminal).toMatchObject({ type: 'run.failed', data: { error: { code: 'run_timeout', retryable: true } } });
      expect(terminal.data.usage.durationMs).toBeGreaterThanOrEqual(1_000);
      expect(events.filter((event) => /^run\.(completed|failed|cancelled)$/.test(event.type))).toHaveLength(1);
    }
    gemini.script([turn().pause(300).text('in time')]);
    expect((await lomu.client.run('go', { intent: 'fix' })).terminal.type).toBe('run.completed');
  });

  it('iteration.timeoutMs: one iteration may take that long, the run longer', async () => {
    await limit('iteration.timeoutMs', 1_000);
    gemini.script([turn().pause(600).call('list_files', {}), turn().pause(600).text('Done.')]);
    expect((await lomu.client.run('go', { intent: 'fix' })).terminal.type).toBe('run.completed');
    stall();
    expect((await lomu.client.run('go', { intent: 'fix' })).terminal.data.error).toMatchObject({ code: 'iteration_timeout' });
  });
});

describe('stream.disconnectGraceMs', () => {
  const cancelled = async (runId: string): Promise<string | null> => {
    for (;;) {
      const row = await lomu.database.prisma.run.findUniqueOrThrow({ where: { id: runId } });
      if (row.finishedAt) return row.cancelReason;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  };

  it('ends a run that asked for it when its viewer has left; one that did not goes on', async () => {
    await limit('stream.disconnectGraceMs', 2_000); // longer than it takes to connect on a busy machine
    stall();
    const watch = async (options: Record<string, unknown>) => {
      const { body } = await start('go', options);
      const stream = lomu.client.events(body.eventsUrl);
      await stream.next((event) => event.type === 'text.delta');
      return { body, stream };
    };
    const watched = await watch({ onDisconnect: 'cancel' });
    const staying = await watch({});
    const asking = await watch({ onDisconnect: 'cancel' });
    staying.stream.close();
    asking.stream.close();
    expect(await cancelled(asking.body.runId)).toBe('disconnected');
    for (const { body } of [staying, watched]) expect((await lomu.client.get(`/api/chat/runs/${body.runId}`)).body.status).toBe('running');
    watched.stream.close();
    expect(await cancelled(watched.body.runId)).toBe('disconnected');
  });
});

describe('what changed while a run waited', () => {
  it('ends it with a clear error: its model is no longer configured', async () => {
    await limit('chat.maxConcurrentRunsPerInstance', 1);
    stall();
    const working = await start();
    await asked(1);
    const waiting = await start();
    await lomu.database.prisma.run.update({ where: { id: waiting.body.runId }, data: { model: 'gone/model' } });
    await lomu.client.post(`/api/chat/runs/${working.body.runId}/cancel`);
    const events = await lomu.client.events(waiting.body.eventsUrl).toTerminal();
    expect(events.at(-1)).toMatchObject({ type: 'run.failed', data: { error: { code: 'unknown_model' } } });
  });
});
