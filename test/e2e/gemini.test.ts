import { shownText } from '../support/event-source-reader.js';
import { type GeminiEmulator, startGeminiEmulator, turn } from '../support/gemini-emulator/index.js';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { createTestWorkspace, TODO_PROJECT, type TestWorkspace } from '../support/test-workspace.js';

let gemini: GeminiEmulator;
let workspace: TestWorkspace;
let lomu: TestApp;

beforeAll(async () => {
  gemini = await startGeminiEmulator();
  workspace = await createTestWorkspace(TODO_PROJECT);
  lomu = await startTestApp({ workspace, environment: gemini.environment });
});
afterAll(async () => {
  await lomu.close();
  await gemini.close();
  await workspace.remove();
});
beforeEach(() => gemini.reset());

describe('a run on Gemini', () => {
  it('works over two tool iterations with parallel calls, and sends signed parts back verbatim', async () => {
    gemini.script([
      turn().thought('I should search.').text('Let me look. ').call('search_text', { query: 'TODO' }).call('list_files', {}).usage({ prompt: 900, candidates: 40, thoughts: 30 }),
      turn().call('read_file', { path: 'src/api.ts' }).usage({ prompt: 1_400, cached: 800, candidates: 20 }),
      turn().text('src/api.ts ', 'has the most: 3.').usage({ prompt: 1_700, cached: 1_300, candidates: 12, thoughts: 8 }),
    ]);
    const { events, terminal, started } = await lomu.client.run('Find every TODO and fix nothing', { intent: 'analysis' });

    expect(terminal.type).toBe('run.completed');
    expect(terminal.data.finishReason).toBe('stop');
    expect(terminal.data.message.text).toBe('Let me look. \n\nsrc/api.ts has the most: 3.');
    expect(shownText(events)).toBe(terminal.data.message.text);
    expect(events.filter((event) => event.type === 'tool.succeeded').map((event) => event.data.name).sort()).toEqual(['list_files', 'read_file', 'search_text']);
    expect(events.filter((event) => event.type === 'iteration.completed')).toHaveLength(3);
    expect(events.some((event) => event.type === 'reasoning.delta')).toBe(true);

    // Each answer went back with exactly the parts it came with; the emulator refuses anything else with 400.
    const [first, second, third] = gemini.requests;
    expect(gemini.requests).toHaveLength(3);
    const modelParts = third?.body.contents.filter((content) => content.role === 'model').map((content) => content.parts);
    expect(modelParts?.[0]?.filter((part) => part.functionCall)).toHaveLength(2);
    expect(modelParts?.[0]?.some((part) => typeof part.thoughtSignature === 'string')).toBe(true);
    expect(second?.body.contents.at(-1)?.parts.filter((part) => part.functionResponse)).toHaveLength(2);
    expect(first?.body.contents).toHaveLength(1);

    // Usage is the provider's own, thoughts at the output rate, cached tokens inside the prompt once.
    expect(terminal.data.usage).toMatchObject({ inputTokens: 4_000, cachedInputTokens: 2_100, outputTokens: 72, reasoningTokens: 38, totalTokens: 4_110, modelCalls: 3, toolCalls: 3 });
    expect(gemini.servedUsage).toMatchObject({ promptTokens: 4_000, cachedTokens: 2_100, candidateTokens: 72, thoughtTokens: 38 });
    const cost = 1_900n * 750n + 2_100n * 75n + 110n * 3_750n;
    expect(terminal.data.billing.creditsNanoUsd).toBe(cost.toString());
    const usage = (await lomu.client.get('/api/billing/usage')).body.items.filter((item: { runId: string }) => item.runId === started.runId);
    expect(usage.reduce((sum: bigint, item: { chargedNanoUsd: string }) => sum + BigInt(item.chargedNanoUsd), 0n)).toBe(cost);
  });

  it('edits a real file', async () => {
    gemini.script([
      turn().call('edit_file', { path: 'src/util.ts', oldText: 'util = 1', newText: 'util = 2' }),
      turn().text('Done.'),
    ]);
    const { events } = await lomu.client.run('Change util to 2');
    const edited = events.find((event) => event.type === 'tool.succeeded' || event.type === 'tool.failed');
    expect(edited?.data).toMatchObject({ name: 'edit_file' });
    expect(await workspace.read('src/util.ts')).toContain('util = 2');
  });

  it('takes the tools away in the last iteration, so that the run ends with an answer', async () => {
    gemini.respondWith((request) => (request.body.tools ? turn().call('list_files', {}) : turn().text('That is what I found.')));
    const { events, terminal } = await lomu.client.run('Where is the entry point?', { intent: 'search' });
    expect(gemini.requests).toHaveLength(3);
    expect(terminal.data).toMatchObject({ finishReason: 'iterations', message: { text: 'That is what I found.' } });
    expect(events.find((event) => event.type === 'limit.reached')?.data).toMatchObject({ limit: 'iteration.maxByIntent.search', value: 3 });
  });

  it('recovers from a stream that breaks: what was shown is taken back, said again, and charged once to the user', async () => {
    gemini.script([turn().text('The answer is fo').usage({ prompt: 100, candidates: 4 }).reset(), turn().text('The answer is forty-two.').usage({ prompt: 100, candidates: 8 })]);
    const { events, terminal } = await lomu.client.run('What is the answer?', { intent: 'analysis' });
    expect(terminal.data.message.text).toBe('The answer is forty-two.');
    expect(shownText(events)).toBe('The answer is forty-two.');
    const types = events.map((event) => event.type);
    expect(types).toEqual(expect.arrayContaining(['failure.detected', 'text.discarded', 'recovery.applied']));
    expect(await lomu.database.prisma.failureIncident.findFirst({ where: { runId: terminal.data.runId } })).toMatchObject({ outcome: 'recovered' });
  });

  it('ends in one clear error when nothing can be done', async () => {
    gemini.respondWith(() => turn().httpError(403, 'PERMISSION_DENIED', 'API key not valid.'));
    const { events, terminal } = await lomu.client.run('Hello there, how does this work?', { intent: 'analysis' });
    expect(terminal.type).toBe('run.failed');
    expect(terminal.data.error).toMatchObject({ pattern: 'authentication', retryable: false });
    expect(terminal.data.billing.credits).toBe(0);
    expect(gemini.requests).toHaveLength(1);
    expect(events.filter((event) => event.type.startsWith('run.') && ['run.completed', 'run.failed', 'run.cancelled'].includes(event.type))).toHaveLength(1);
  });
});

describe('a question to the person', () => {
  it('ends the turn, is part of the answer, and is answered by the next message', async () => {
    gemini.script([
      turn().text('Both would do. ').call('task_list', { action: 'create', tasks: ['Ask', 'Change'] }).call('ask_user', { question: 'Which name do you want?', options: ['util', 'helper'] }),
      turn().text('helper it is.'),
    ]);
    const asked = await lomu.client.run('Rename the module', { intent: 'refactor' });
    expect(asked.terminal.data).toMatchObject({ finishReason: 'stop', message: { text: 'Both would do. \n\nWhich name do you want?\n1. util\n2. helper' } });
    expect(shownText(asked.events)).toBe(asked.terminal.data.message.text);
    expect(asked.events.find(({ type }) => type === 'tool.progress')?.data.text).toBe('0 of 2 tasks done');
    expect(asked.events.filter(({ type }) => type === 'run.phase').map(({ data }) => data.phase)).toContain('planning');
    expect(gemini.requests).toHaveLength(1);

    await lomu.client.run('The second', { intent: 'refactor', conversationId: asked.started.conversationId });
    expect(JSON.stringify(gemini.lastRequest.body.contents)).toContain('Which name do you want?');
  });
});

describe('stopping', () => {
  it('reaches the model call at once, keeps the partial answer and charges what was served', async () => {
    gemini.script([turn().text('One ', 'two ', 'three ').usage({ prompt: 50, candidates: 6 }).pace(20).stall()]);
    const { body: started } = await lomu.client.post('/api/chat/runs', { message: 'Count slowly', intent: 'analysis' });
    const stream = lomu.client.events(started.eventsUrl);
    await stream.next((event) => event.type === 'text.delta' && event.data.text.includes('three'));
    const cancelled = await lomu.client.post(`/api/chat/runs/${started.runId}/cancel`);
    expect(cancelled.status).toBe(202);
    const events = await stream.toTerminal();
    const terminal = events.at(-1);
    expect(terminal?.type).toBe('run.cancelled');
    expect(terminal?.data).toMatchObject({ reason: 'user', message: { text: 'One two three ' } });
    expect(BigInt(terminal?.data.billing.creditsNanoUsd)).toBeGreaterThan(0n);
    expect(await gemini.lastRequest.ended).toBe('client_closed');
    expect((await lomu.client.post(`/api/chat/runs/${started.runId}/cancel`)).status).toBe(202);
    const messages = (await lomu.client.get(`/api/chat/conversations/${started.conversationId}/messages`)).body.items;
    expect(messages.at(-1)).toMatchObject({ role: 'assistant', text: 'One two three ' });
    expect(BigInt((await lomu.client.get('/api/billing/balance')).body.heldNanoUsd)).toBe(0n);
  });

  it('works before the first token, and charges what was asked at most: the prompt, counted here and marked so', async () => {
    gemini.script([turn().stall()]);
    const { body: started } = await lomu.client.post('/api/chat/runs', { message: 'Never mind', intent: 'analysis' });
    await lomu.client.post(`/api/chat/runs/${started.runId}/cancel`);
    const events = await lomu.client.events(started.eventsUrl).toTerminal();
    expect(events.at(-1)?.type).toBe('run.cancelled');
    const usage = await lomu.database.prisma.usageRecord.findMany({ where: { runId: started.runId } });
    expect(usage.map(({ isPartial, outputTokens }) => ({ isPartial, outputTokens }))).toEqual(usage.map(() => ({ isPartial: true, outputTokens: 0 })));
    // A call stopped on its way may have reached the provider or not, which nobody can know here: it is charged, once.
    expect(usage.length).toBeLessThanOrEqual(1);
    expect(usage.length).toBeGreaterThanOrEqual(gemini.callCount);
    expect(events.at(-1)?.data.billing.creditsNanoUsd).toBe(String(usage.reduce((sum, { chargedNanoUsd }) => sum + chargedNanoUsd, 0n)));
  });
});

describe('one conversation', () => {
  it('has one run at a time: refuses, queues, or is interrupted as asked', async () => {
    gemini.respondWith((request) => {
      const last = request.body.contents.at(-1)?.parts[0]?.text ?? '';
      return last.includes('slow') ? turn().text('thinking').stall() : turn().text(`re: ${last}`);
    });
    const { body: slow } = await lomu.client.post('/api/chat/runs', { message: 'slow one', intent: 'analysis' });
    const { conversationId } = slow;
    await lomu.client.events(slow.eventsUrl).next((event) => event.type === 'text.delta');

    const busy = await lomu.client.post('/api/chat/runs', { message: 'another', conversationId, intent: 'analysis' });
    expect(busy.status).toBe(409);
    expect(busy.body.code).toBe('conversation_busy');

    const queued = await lomu.client.post('/api/chat/runs', { message: 'later', conversationId, intent: 'analysis', onBusy: 'enqueue' });
    expect(queued.status).toBe(202);
    await lomu.client.post(`/api/chat/runs/${slow.runId}/cancel`);
    expect((await lomu.client.events(slow.eventsUrl).toTerminal()).at(-1)?.type).toBe('run.cancelled');
    expect((await lomu.client.events(queued.body.eventsUrl).toTerminal()).at(-1)?.data.message.text).toBe('re: later');

    const { body: slowAgain } = await lomu.client.post('/api/chat/runs', { message: 'slow again', conversationId, intent: 'analysis' });
    await lomu.client.events(slowAgain.eventsUrl).next((event) => event.type === 'text.delta');
    const { terminal } = await lomu.client.run('instead', { conversationId, intent: 'analysis', onBusy: 'interrupt' });
    expect(terminal.data.message.text).toBe('re: instead');
    expect((await lomu.client.events(slowAgain.eventsUrl).toTerminal()).at(-1)?.data.reason).toBe('interrupted');

    // The model saw what was said before.
    const texts = gemini.lastRequest.body.contents.map((content) => `${content.role}: ${content.parts[0]?.text}`);
    expect(texts).toEqual(expect.arrayContaining(['user: later', 'model: re: later', 'user: instead']));
  });
});

describe('a model that answers nothing', () => {
  it('is asked again, told so, and given up after iteration.maxEmpty answers', async () => {
    gemini.respondWith(() => turn().finish('STOP'));
    const { events, terminal } = await lomu.client.run('Say something', { intent: 'analysis' });
    expect(terminal).toMatchObject({ type: 'run.failed', data: { error: { pattern: 'empty_answer' } } });
    expect(gemini.requests).toHaveLength(3);
    expect(events.filter((event) => event.type === 'failure.detected')).toHaveLength(3);
    expect(gemini.requests[1]?.rawBody).not.toBe(gemini.requests[0]?.rawBody); // the next request differs as decided
  });
});
