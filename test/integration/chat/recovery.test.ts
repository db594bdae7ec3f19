import type { LimitKey, LimitValue } from '../../../src/limits/index.js';
import { asked, resultsIn } from '../../support/chat/asked.js';
import { startQuietApp } from '../../support/chat/quiet-app.js';
import { type GeminiEmulator, startGeminiEmulator, turn, type TurnBuilder } from '../../support/gemini-emulator/index.js';
import type { FinishedTestRun } from '../../support/http-client.js';
import type { TestApp } from '../../support/test-app.js';
import { createTestWorkspace, type TestWorkspace } from '../../support/test-workspace.js';

// The decision is the next request: each test looks at what the model is asked after a failure, and at nothing else that changed.

const MAIN = 'gemini-3.6-flash';
const FALLBACK = 'gemini-3.5-flash';
const ARCHITECT = 'gemini-3.1-pro-preview';
const UNIT_MS = 5; // retry.firstDelayMs

let gemini: GeminiEmulator;
let workspace: TestWorkspace;
let lomu: TestApp;
/** What the architect says when it is asked; other calls are answered by the script. */
let advice: TurnBuilder;

beforeAll(async () => {
  gemini = await startGeminiEmulator({ models: [MAIN, FALLBACK, ARCHITECT] });
  workspace = await createTestWorkspace({ 'a.ts': 'export const a = 1;\n', 'b.ts': 'export const b = 2;\n' });
  lomu = await startQuietApp({
    workspace,
    environment: { ...gemini.environment, FALLBACK_MODEL: `gemini/${FALLBACK}`, ARCHITECT_MODEL: `gemini/${ARCHITECT}`, SIGNUP_CREDITS: '1000000', LIMIT_RETRY_FIRST_DELAY_MS: String(UNIT_MS), LIMIT_BREAKER_MIN_CALLS: '10000' },
  });
});
afterAll(async () => {
  await lomu.close();
  await gemini.close();
  await workspace.remove();
});

const changed = new Set<LimitKey>();
async function limit<Key extends LimitKey>(key: Key, value: LimitValue<Key>): Promise<void> {
  expect((await lomu.client.put(`/api/limits/${key}`, { value, reason: 'test' })).status).toBeLessThan(300);
  changed.add(key);
}
beforeEach(() => {
  advice = turn().text('Read the error first.');
});
afterEach(async () => {
  for (const key of changed) await lomu.client.delete(`/api/limits/${key}`);
  changed.clear();
  expect((await lomu.client.get('/api/billing/balance')).body.heldNanoUsd).toBe('0'); // I3
  gemini.reset();
});

/** Runs a message whose model calls are answered in this order; the architect is asked in between as need be. */
async function run(answers: readonly TurnBuilder[], options: Record<string, unknown> = {}): Promise<FinishedTestRun> {
  const left = [...answers];
  gemini.respondWith((call) => (call.model === ARCHITECT ? advice : (left.shift() ?? turn().httpError(400, 'FAILED_PRECONDITION', 'Nothing is scripted.'))));
  const finished = await lomu.client.run('Look at a.ts', { intent: 'default', ...options });
  expect(finished.events.filter(({ type }) => /^run\.(completed|failed|cancelled)$/.test(type))).toHaveLength(1); // I1
  return finished;
}

const models = (): string[] => gemini.requests.map(({ model }) => model);
const delays = ({ events }: FinishedTestRun): number[] => events.flatMap(({ type, data }) => (type === 'recovery.applied' && typeof data.delayMs === 'number' ? [data.delayMs] : []));
const patterns = ({ events }: FinishedTestRun): string[] => events.flatMap(({ type, data }) => (type === 'failure.detected' ? [data.pattern as string] : []));

/** The whole request but for the model, to show that nothing else changed. */
const bodies = (): string[] => gemini.requests.map(({ rawBody }) => rawBody);

// First, while no call of another test counts.
describe('a model that keeps failing', () => {
  it('is not called for a while: the fallback model is at once, health and metrics say so, and one call finds out when it works again', async () => {
    await limit('breaker.minCalls', 3);
    await limit('breaker.openMs', 1_500);
    await run([...Array.from({ length: 3 }, () => turn().overloaded()), turn().text('Done.')]);
    expect(models()).toEqual([MAIN, MAIN, MAIN, FALLBACK]); // the fourth try is not made any more
    gemini.reset();
    const finished = await run([turn().text('Done.')]);
    expect(models()).toEqual([FALLBACK]);
    expect(patterns(finished)).toEqual(['model_set_aside']);
    expect(await (await fetch(`${lomu.url}/metrics`)).text()).toContain(`lomu_model_breaker_open{model="gemini/${MAIN}"} 1`);
    expect((await lomu.client.get('/health')).body).toMatchObject({ status: 'degraded', parts: { model: 'degraded' } });
    gemini.reset();
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    await run([turn().text('Done.')]);
    expect(models()).toEqual([MAIN]);
    expect(await (await fetch(`${lomu.url}/metrics`)).text()).toContain(`lomu_model_breaker_open{model="gemini/${MAIN}"} 0`);
  });
});

describe('a model that is busy', () => {
  it('429: waits what RetryInfo asks for and up to a fifth longer, then asks the same again', async () => {
    const finished = await run([turn().rateLimited({ retryDelayMs: 50 }), turn().text('Done.')]);
    expect(finished.terminal.type).toBe('run.completed');
    expect(delays(finished)[0]).toBeGreaterThanOrEqual(50);
    expect(delays(finished)[0]).toBeLessThanOrEqual(60);
    expect(bodies()[1]).toBe(bodies()[0]);
    expect(models()).toEqual([MAIN, MAIN]);
  });

  it('429 for longer than a run waits: the next request goes to the fallback model at once', async () => {
    const finished = await run([turn().rateLimited({ retryDelayMs: 61_000 }), turn().text('Done.')]);
    expect(models()).toEqual([MAIN, FALLBACK]);
    expect(delays(finished)).toEqual([0]);
    expect(finished.events.find(({ type }) => type === 'recovery.applied')?.data).toMatchObject({ strategy: 'fallback', model: `gemini/${FALLBACK}` });
  });

  it('429 of a daily quota: is for people, nothing more is asked', async () => {
    const finished = await run([turn().rateLimited({ quotaId: 'GenerateRequestsPerDayPerProjectPerModel-FreeTier' })]);
    expect(gemini.requests).toHaveLength(1);
    expect(finished.terminal.data.error).toMatchObject({ pattern: 'daily_quota', retryable: false });
  });

  it('5xx: four tries with pauses that double, 30 % more or less, then the fallback model for the rest of the run', async () => {
    const finished = await run([...Array.from({ length: 5 }, () => turn().overloaded()), turn().call('read_file', { path: 'a.ts' }), turn().text('Done.')]);
    expect(models()).toEqual([MAIN, MAIN, MAIN, MAIN, MAIN, FALLBACK, FALLBACK]);
    const pauses = delays(finished);
    [1, 2, 4, 8].forEach((factor, index) => {
      expect(pauses[index]).toBeGreaterThanOrEqual(Math.floor(UNIT_MS * factor * 0.7));
      expect(pauses[index]).toBeLessThanOrEqual(Math.ceil(UNIT_MS * factor * 1.3));
    });
    expect(finished.terminal.type).toBe('run.completed');
  });

  it('5xx of both models: ends in one clear error', async () => {
    const finished = await run(Array.from({ length: 12 }, () => turn().overloaded()));
    expect(models()).toEqual([MAIN, MAIN, MAIN, MAIN, MAIN, FALLBACK]);
    expect(finished.terminal).toMatchObject({ type: 'run.failed', data: { error: { pattern: 'overloaded' } } });
  });

  it.each([400, 404, 403])('%s: is for people, nothing more is asked', async (status) => {
    const finished = await run([turn().httpError(status, status === 403 ? 'PERMISSION_DENIED' : 'INVALID_ARGUMENT', 'No.')]);
    expect(gemini.requests).toHaveLength(1);
    expect(finished.terminal.type).toBe('run.failed');
  });
});

describe('a stream that breaks', () => {
  it('is asked for again after 1, 2 and 4 units with what was shown taken back, then in one piece', async () => {
    const broken = () => turn().text('The answ').cut();
    const finished = await run([broken(), broken(), broken(), broken(), turn().text('The answer.')]);
    expect(delays(finished).slice(0, 3)).toEqual([UNIT_MS, 2 * UNIT_MS, 4 * UNIT_MS]);
    expect(gemini.requests.map((call) => asked(call).isStreamed)).toEqual([true, true, true, true, false]);
    expect(new Set(gemini.requests.map(({ body }) => JSON.stringify(body.contents))).size).toBe(1);
    expect(finished.events.filter(({ type }) => type === 'text.discarded')).toHaveLength(4);
    expect(finished.terminal.data.message.text).toBe('The answer.');
  });
});

describe('an answer that is none', () => {
  it('a malformed call: the model is told twice, then with the advice of the architect', async () => {
    const malformed = () => turn().finish('MALFORMED_FUNCTION_CALL');
    const finished = await run([malformed(), malformed(), malformed(), turn().text('Done.')]);
    expect(models()).toEqual([MAIN, MAIN, MAIN, ARCHITECT, MAIN]);
    const texts = gemini.requests.filter(({ model }) => model === MAIN).map((call) => asked(call).lastText);
    expect(texts[1]).toContain('tool call that could not be read');
    expect(texts[2]).toBe(texts[1]);
    expect(texts[3]).toContain('Advice of the architect, who has seen what you did:\nRead the error first.');
    expect(finished.terminal.type).toBe('run.completed');
    // The architect is paid for like any call, beside the answer.
    const records = await lomu.database.prisma.usageRecord.findMany({ where: { runId: finished.started.runId, model: `gemini/${ARCHITECT}` } });
    expect(records).toMatchObject([{ iteration: 0, attempt: 1, isSystemRetry: false }]);
    expect(records[0]?.chargedNanoUsd).toBeGreaterThan(0n);
    expect(finished.terminal.data.usage.modelCalls).toBe(5);
  });

  it('an architect that fails: the run goes on with the nudge alone', async () => {
    advice = turn().overloaded();
    const malformed = () => turn().finish('MALFORMED_FUNCTION_CALL');
    const finished = await run([malformed(), malformed(), malformed(), turn().text('Done.')]);
    expect(models()).toEqual([MAIN, MAIN, MAIN, ARCHITECT, MAIN]);
    expect(bodies()[4]).toBe(bodies()[2]);
    expect(finished.terminal.type).toBe('run.completed');
  });

  it('chanting: is cut while it streams, and asked for again with a word about it', async () => {
    const chant = Array.from({ length: 400 }, () => 'I will now look at the file and then fix it. ');
    const finished = await run([turn().text(...chant).pace(1), turn().text('Done.')]);
    expect(patterns(finished)).toEqual(['chanting']);
    expect(await gemini.requests[0]?.ended).toBe('client_closed');
    expect(asked(gemini.lastRequest).lastText).toContain('repeated one passage over and over');
    expect(finished.terminal.data.message.text).toBe('Done.');
  });

  it('iteration.maxEmpty: so many empty answers in a row are asked to act, then the fallback model is', async () => {
    const empty = (count: number) => Array.from({ length: count }, () => turn().finish('STOP'));
    const finished = await run([...empty(3), turn().text('Done.')]);
    expect(models()).toEqual([MAIN, MAIN, MAIN, FALLBACK]);
    expect(gemini.requests.map((call) => asked(call).lastText?.includes('was empty') ?? false)).toEqual([false, true, true, false]);
    expect(finished.terminal.type).toBe('run.completed');
    gemini.reset();
    await limit('iteration.maxEmpty', 2);
    expect((await run(empty(5))).terminal.data.error).toMatchObject({ pattern: 'empty_answer' });
    expect(models()).toEqual([MAIN, MAIN, FALLBACK]);
  });

  it('thinking.maxConsecutive: so many mere thoughts in a row are asked to act, then the fallback model is', async () => {
    const thoughts = (count: number) => Array.from({ length: count }, () => turn().thought('Hm.'));
    await run([...thoughts(4), turn().text('Done.')]);
    expect(models()).toEqual([MAIN, MAIN, MAIN, MAIN, MAIN]);
    gemini.reset();
    await run([...thoughts(5), turn().text('Done.')]);
    expect(models()).toEqual([MAIN, MAIN, MAIN, MAIN, MAIN, FALLBACK]);
    gemini.reset();
    await limit('thinking.maxConsecutive', 2);
    await run([...thoughts(2), turn().text('Done.')]);
    expect(models()).toEqual([MAIN, MAIN, FALLBACK]);
  });
});

describe('signatures that are refused', () => {
  it('are left out of the next request and of all that follow', async () => {
    const refused = turn().httpError(400, 'INVALID_ARGUMENT', 'Function call is missing a thought_signature in functionCall parts.');
    const finished = await run([turn().call('read_file', { path: 'a.ts' }), refused, turn().call('read_file', { path: 'b.ts' }), turn().text('Done.')]);
    const signatures = gemini.requests.map(({ body }) => body.contents.flatMap(({ parts }) => parts.flatMap((part) => part.thoughtSignature ?? [])));
    expect(signatures[1]).toEqual([expect.not.stringContaining('skip_thought_signature_validator')]);
    expect(signatures[2]).toEqual(['skip_thought_signature_validator']);
    expect(signatures[3]?.[0]).toBe('skip_thought_signature_validator');
    expect(patterns(finished)).toEqual(['missing_signature']);
    expect(finished.terminal.type).toBe('run.completed');
  });
});

describe('an iteration that takes too long', () => {
  it('is tried once more with a smaller scope, within the same iteration', async () => {
    await limit('iteration.timeoutMs', 1_000);
    const finished = await run([turn().text('Thinking').stall(), turn().text('Done.')]);
    expect(asked(gemini.lastRequest).lastText).toContain('took too long');
    expect(asked(gemini.lastRequest).tools).not.toEqual([]);
    expect(finished.terminal).toMatchObject({ type: 'run.completed', data: { message: { text: 'Done.' } } });
    expect(finished.events.filter(({ type }) => type === 'iteration.started')).toHaveLength(1);
  });

  it('a second time makes the run sum up without tools', async () => {
    await limit('iteration.timeoutMs', 1_000);
    const finished = await run([turn().stall(), turn().call('read_file', { path: 'a.ts' }), turn().stall(), turn().text('This is what I know.')]);
    expect(gemini.requests.map((call) => asked(call).tools.length > 0)).toEqual([true, true, true, false]);
    expect(finished.terminal.data.message.text).toBe('This is what I know.');
    expect(patterns(finished)).toEqual(['iteration_timeout', 'iteration_timeout']);
  });
});

describe('a loop', () => {
  const readA = () => turn().call('read_file', { path: 'a.ts' });

  it('the same read: from memory the second time, a nudge the third, the architect the fourth', async () => {
    const finished = await run([readA(), readA(), readA(), readA(), turn().text('Done.')]);
    const [, second, third, fourth] = gemini.requests.filter(({ model }) => model === MAIN);
    expect(resultsIn(second!)).toEqual([{ output: expect.not.stringContaining('unchanged') }]);
    expect(resultsIn(third!)).toEqual([{ output: expect.stringContaining('[unchanged since step 1]') }]);
    expect(asked(third!).lastText).toBeUndefined();
    expect(asked(fourth!).lastText).toContain('with the same input 3 times');
    expect(models()).toEqual([MAIN, MAIN, MAIN, MAIN, ARCHITECT, MAIN]);
    expect(asked(gemini.lastRequest).lastText).toContain('Read the error first.');
    expect(finished.terminal.type).toBe('run.completed');
  });

  it('a read after a change in the same answer is made anew', async () => {
    const finished = await run([readA(), turn().call('write_file', { path: 'a.ts', content: 'changed' }).call('read_file', { path: 'a.ts' }), turn().text('Done.')]);
    expect(finished.terminal.type).toBe('run.completed');
    expect(resultsIn(gemini.lastRequest)[1]).toEqual({ output: expect.stringContaining('changed') });
  });

  it('a file changed back and forth: is told so', async () => {
    const write = (content: string) => turn().call('write_file', { path: 'c.ts', content });
    const finished = await run([write('A'), write('B'), write('A'), write('B'), write('A'), write('B'), turn().text('Done.')], { intent: 'refactor' });
    expect(patterns(finished)).toContain('edit_oscillation');
    expect(gemini.requests.some((call) => asked(call).lastText?.includes('back and forth'))).toBe(true);
  });

  it('the same failing call: a nudge after the third, the fourth is refused without being made', async () => {
    const missing = () => turn().call('read_file', { path: 'missing.ts' });
    await run([missing(), missing(), missing(), missing(), turn().text('Done.')]);
    const requests = gemini.requests.filter(({ model }) => model === MAIN);
    expect(asked(requests[3]!).lastText).toMatch(/3 times/);
    expect(resultsIn(requests[4]!)).toEqual([{ error: expect.stringContaining('Not run: this call has failed 3 times') }]);
  });
});

describe('the budget of a run', () => {
  it('retry.maxPerRun: all kinds of retries share it', async () => {
    await limit('retry.maxPerRun', 2);
    const finished = await run([turn().text('x').cut(), turn().call('read_file', { path: 'a.ts' }), turn().overloaded(), turn().overloaded(), turn().text('Done.')]);
    expect(gemini.requests).toHaveLength(4);
    expect(finished.terminal.data.error.message).toContain('retry.maxPerRun');
  });

  it('architect.maxPerRun: is asked that often and no more', async () => {
    const malformed = (count: number) => Array.from({ length: count }, () => turn().finish('MALFORMED_FUNCTION_CALL'));
    const twice = [...malformed(3), turn().call('read_file', { path: 'a.ts' }), ...malformed(3), turn().text('Done.')];
    await limit('architect.maxPerRun', 1);
    expect((await run(twice)).terminal.data.error).toMatchObject({ pattern: 'malformed_function_call' });
    expect(models().filter((model) => model === ARCHITECT)).toHaveLength(1);
    gemini.reset();
    await limit('architect.maxPerRun', 2);
    expect((await run(twice)).terminal.type).toBe('run.completed');
    expect(models().filter((model) => model === ARCHITECT)).toHaveLength(2);
  });

  it('architect.maxOutputTokens: is what the architect is asked for', async () => {
    await limit('architect.maxOutputTokens', 300);
    await run([...Array.from({ length: 3 }, () => turn().finish('MALFORMED_FUNCTION_CALL')), turn().text('Done.')]);
    expect(gemini.requests.map(({ body }) => body.generationConfig?.maxOutputTokens === 300)).toEqual([false, false, false, true, false]);
  });
});

describe('consult_architect', () => {
  it('brings the advice of the stronger model, twice in a run, and the run pays for it', async () => {
    const ask = (question: string): TurnBuilder => turn().call('consult_architect', { question });
    const { events, terminal } = await run([ask('How?'), ask('And now?'), ask('Once more?'), turn().text('Done.')]);
    expect(models()).toEqual([MAIN, ARCHITECT, MAIN, ARCHITECT, MAIN, MAIN]);
    const ends = events.filter(({ type }) => /^tool\.(succeeded|failed)$/.test(type)).map(({ type, data }) => (type === 'tool.succeeded' ? data.output : data.error.code));
    expect(ends).toEqual(['Read the error first.', 'Read the error first.', 'limit_reached']);
    expect(JSON.stringify(gemini.requests[3]?.body.contents)).toContain('And now?');
    expect(terminal.data.usage.modelCalls).toBe(6);
  });
});
