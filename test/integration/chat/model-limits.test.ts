import type { LimitKey, LimitValue } from '../../../src/limits/index.js';
import { startQuietApp } from '../../support/chat/quiet-app.js';
import { type GeminiEmulator, startGeminiEmulator, turn } from '../../support/gemini-emulator/index.js';
import type { TestApp } from '../../support/test-app.js';

/** The limits of model calls, felt through a whole run. */
let gemini: GeminiEmulator;
let lomu: TestApp;

beforeAll(async () => {
  gemini = await startGeminiEmulator();
  lomu = await startQuietApp({ environment: { ...gemini.environment, SIGNUP_CREDITS: '1000000', LIMIT_RETRY_MAX_PER_RUN: '0', LIMIT_CHAT_MAX_REQUEST_BYTES: '20000' } });
});
afterAll(async () => {
  await lomu.close();
  await gemini.close();
});

const changed = new Set<LimitKey>();
async function limit<Key extends LimitKey>(key: Key, value: LimitValue<Key>): Promise<void> {
  expect(await lomu.client.put(`/api/limits/${key}`, { value, reason: 'test' })).toMatchObject({ status: 200 });
  changed.add(key);
}
afterEach(async () => {
  for (const key of changed) await lomu.client.delete(`/api/limits/${key}`);
  changed.clear();
  gemini.reset();
});

/** How a run of one model call ends. */
async function outcome(): Promise<string> {
  const { terminal } = await lomu.client.run('go', { intent: 'analysis' });
  return terminal.type === 'run.completed' ? terminal.data.finishReason : (terminal.data.error.pattern ?? terminal.data.error.code);
}

it('model.firstByteTimeoutMs: a silent model is given up on, a slow one is not', async () => {
  await limit('model.firstByteTimeoutMs', 400);
  gemini.respondWith(() => turn().stall());
  expect(await outcome()).toBe('stream_timeout');
  await limit('model.firstByteTimeoutMs', 20_000);
  gemini.respondWith(() => turn().pause(500).text('late'));
  expect(await outcome()).toBe('stop');
});

it('model.idleTimeoutMs: a stream that falls silent is given up on, one that pauses is not', async () => {
  await limit('model.idleTimeoutMs', 400);
  gemini.respondWith(() => turn().text('begun').stall());
  expect(await outcome()).toBe('stream_timeout');
  await limit('model.idleTimeoutMs', 20_000);
  gemini.respondWith(() => turn().text('begun').pause(500).text(' and ended'));
  expect(await outcome()).toBe('stop');
});

it('model.maxResponseBytes: a larger answer ends the call', async () => {
  gemini.respondWith(() => turn().text(Array.from({ length: 900 }, (_, index) => `${index} x`).join(' ')));
  await limit('model.maxResponseBytes', 2_000);
  expect(await outcome()).not.toBe('stop');
  await limit('model.maxResponseBytes', 20_000);
  expect(await outcome()).toBe('stop');
});

it('model.minOutputTokens: a rest that is worth a call is used, a smaller one is not', async () => {
  await limit('model.maxOutputTokens', 1_500);
  const calls = async (minOutputTokens: number): Promise<number> => {
    gemini.reset();
    gemini.respondWith(() => turn().text('step').call('list_files', {}).usage({ prompt: 10, candidates: 500 }));
    await limit('model.minOutputTokens', minOutputTokens);
    await lomu.client.run('go', { intent: 'fix' });
    return gemini.callCount;
  };
  // 1500, 1000 and 500 are left before each call.
  expect([await calls(499), await calls(500), await calls(501)]).toEqual([3, 3, 2]);
});

it('model.emergencyModel: is what new runs use while it is set', async () => {
  const modelOf = async (): Promise<string> => (await lomu.client.run('hello')).started.model;
  gemini.respondWith(() => turn().text('hi'));
  expect(await modelOf()).toMatch(/^gemini\//);
  await limit('model.emergencyModel', 'offline/planner');
  expect(await modelOf()).toBe('offline/planner');
  await limit('model.emergencyModel', '');
  expect(await modelOf()).toMatch(/^gemini\//);
});

it('I6: an emergency is felt by a run under way from its next iteration on, and its end as soon', async () => {
  const [usual, cheaper] = ['gemini-3.8-flash', 'gemini-3.5-flash-lite'];
  const values = { 'model.emergencyModel': `gemini/${cheaper}`, 'model.maxOutputTokensPerCall': 1_000, 'iteration.maxByIntent.fix': 4 };
  const press = () => lomu.client.put('/api/limits/emergency', { reason: 'costs', values });
  const lift = () => lomu.client.delete('/api/limits/emergency');
  gemini.script([press, lift, press].map((work) => turn().waitFor(work).call('list_files', {})));
  gemini.respondWith(() => turn().text('Done.'));
  const { terminal, events } = await lomu.client.run('go', { intent: 'fix' });
  await lift();

  expect(gemini.requests.map(({ model }) => model)).toEqual([usual, cheaper, usual, cheaper]); // the fourth iteration is the last
  expect(gemini.requests.map((call) => call.body.generationConfig?.maxOutputTokens === 1_000)).toEqual([false, true, false, true]);
  expect(events.filter((event) => event.data.limit === 'model.emergencyModel').map((event) => event.data.action)).toEqual([cheaper, usual, cheaper].map((name) => `The run goes on with gemini/${name}.`));
  expect(terminal.data.finishReason).toBe('iterations');
});

it('iteration.maxEmpty: that many empty answers in a row end the run', async () => {
  await limit('retry.maxPerRun', 8);
  const calls = async (maxEmpty: number): Promise<[number, string]> => {
    gemini.reset();
    gemini.respondWith(() => turn().usage({ prompt: 10, candidates: 0 }));
    await limit('iteration.maxEmpty', maxEmpty);
    const how = await outcome();
    return [gemini.callCount, how];
  };
  expect([await calls(1), await calls(2), await calls(3)]).toEqual([[1, 'empty_answer'], [2, 'empty_answer'], [3, 'empty_answer']]);
  gemini.reset();
  gemini.script([turn().usage({ prompt: 10 }), turn().usage({ prompt: 10 }), turn().text('at last')]);
  expect(await outcome()).toBe('stop');
});

it('chat.maxRequestBytes: a body of that size is read, a larger one is not', async () => {
  const statusOf = async (bytes: number): Promise<number> => (await lomu.client.post('/api/chat/runs', { message: '', padding: 'x'.repeat(bytes - JSON.stringify({ message: '', padding: '' }).length) })).status;
  expect([await statusOf(19_999), await statusOf(20_000), await statusOf(20_001)]).toEqual([422, 422, 413]);
});
