import { SUMMARY_SYSTEM } from '../../../src/chat/context/run-summary.js';
import type { LimitKey, LimitValue } from '../../../src/limits/index.js';
import { startQuietApp } from '../../support/chat/quiet-app.js';
import { type GeminiEmulator, type RecordedCall, startGeminiEmulator, turn, type TurnBuilder } from '../../support/gemini-emulator/index.js';
import type { FinishedTestRun } from '../../support/http-client.js';
import type { TestApp } from '../../support/test-app.js';
import { createTestWorkspace, type TestWorkspace } from '../../support/test-workspace.js';

/** About 2 500 tokens. */
const PAGE = Array.from({ length: 300 }, (_, line) => `line ${line} of a page`).join('\n');
const WINDOW = 16_000;
const LEFT_OUT = expect.stringContaining('Left out to save space');

let gemini: GeminiEmulator;
let workspace: TestWorkspace;
let lomu: TestApp;
const changed = new Set<LimitKey>();

beforeAll(async () => {
  gemini = await startGeminiEmulator();
  workspace = await createTestWorkspace(Object.fromEntries(Array.from({ length: 8 }, (_, page) => [`page${page}.txt`, `${page}\n${PAGE}`])));
  lomu = await startQuietApp({ workspace, environment: { ...gemini.environment, SIGNUP_CREDITS: '1000000', LIMIT_MODEL_MAX_CONTEXT_TOKENS: String(WINDOW), LIMIT_ITERATION_MAX_BY_INTENT_DEFAULT: '20' } });
});
afterAll(async () => {
  await lomu.close();
  await gemini.close();
  await workspace.remove();
});
afterEach(async () => {
  for (const key of changed) await lomu.client.delete(`/api/limits/${key}`);
  changed.clear();
  gemini.reset();
});

async function limit<Key extends LimitKey>(key: Key, value: LimitValue<Key>): Promise<void> {
  expect((await lomu.client.put(`/api/limits/${key}`, { value, reason: 'test' })).status).toBeLessThan(300);
  changed.add(key);
}

const isSummary = ({ body }: RecordedCall): boolean => body.systemInstruction?.parts[0]?.text === SUMMARY_SYSTEM;
const answers = (): RecordedCall[] => gemini.requests.filter((call) => !isSummary(call));
const summaries = (): RecordedCall[] => gemini.requests.filter(isSummary);
const outputs = ({ body }: RecordedCall): unknown[] =>
  body.contents.flatMap(({ parts }) => parts.flatMap(({ functionResponse }) => (functionResponse ? [(functionResponse.response as { output?: string; error?: string }).output] : [])));
const read = (page: number): TurnBuilder => turn().call('read_file', { path: `page${page}.txt` });

async function run(turns: readonly TurnBuilder[], summary: () => TurnBuilder = () => turn().text('nothing')): Promise<FinishedTestRun> {
  const left = [...turns];
  gemini.respondWith((call) => (isSummary(call) ? summary() : (left.shift() ?? turn().text('Done.'))));
  return lomu.client.run('Read the pages', { intent: 'default' });
}

describe('a prompt that fills its window', () => {
  it('context.compactShare: below it nothing is left out, above it the oldest outputs are, and the newest stay', async () => {
    await limit('context.compactShare', 1);
    await run([read(0), read(1), read(2)]);
    expect(outputs(answers()[3]!)).toEqual([expect.stringContaining('of a page'), expect.stringContaining('of a page'), expect.stringContaining('of a page')]);
    gemini.reset();
    await limit('context.compactShare', 0.4);
    await limit('context.keepOutputShare', 0.2); // 3 200 tokens: the newest alone
    const { terminal, events } = await run([read(0), read(1), read(2)]);
    expect(outputs(answers()[3]!)).toEqual([LEFT_OUT, LEFT_OUT, expect.stringContaining('of a page')]);
    expect(terminal.type).toBe('run.completed');
    expect(events.find(({ type }) => type === 'limit.reached')?.data).toMatchObject({ limit: 'context.compactShare' });
  });

  it('context.keepOutputShare: that much of the newest outputs stays', async () => {
    await limit('context.compactShare', 0.4);
    await limit('context.keepOutputShare', 0.55);
    await run([read(0), read(1), read(2)]);
    expect(outputs(answers()[3]!)).toEqual([LEFT_OUT, expect.stringContaining('of a page'), expect.stringContaining('of a page')]);
  });
});

describe('when leaving out outputs is not enough', () => {
  const say = (step: number): TurnBuilder => turn().text(`Step ${step}: ${'I think about the matter at hand. '.slice(0, 20)}${Array.from({ length: 250 }, (_, word) => `w${step}x${word}`).join(' ')}`).call('write_file', { path: `made${step}.txt`, content: `made ${step}` });
  const steps = [say(1), say(2), say(3), say(4)];
  const ALL = 'Goal: read. Changed files: made1.txt, made2.txt, made3.txt. Next step: the rest.';

  beforeEach(async () => {
    await limit('context.compactShare', 0.35);
  });

  it('a summary stands for the older steps, the latest stay as they were, and the run goes on', async () => {
    const { terminal } = await run(steps, () => turn().text(ALL));
    expect(summaries().length).toBeGreaterThan(0);
    expect(JSON.stringify(summaries()[0]?.body.contents)).toContain('made1.txt');
    const last = answers().at(-1)!;
    expect(last.body.contents[0]?.parts[0]?.text).toContain(ALL);
    expect(last.rawBody).not.toContain('Step 1:');
    expect(last.rawBody).toContain('Step 4:');
    expect(terminal.type).toBe('run.completed');
    expect(await lomu.database.prisma.usageRecord.count({ where: { iteration: 0, runId: terminal.data.runId } })).toBe(summaries().length); // paid for
  });

  it('one that forgets a changed file is not used, and not asked for again', async () => {
    const { terminal } = await run([...steps, say(5)], () => turn().text('Goal: read. Nothing was changed.'));
    expect(summaries()).toHaveLength(1);
    expect(answers().at(-1)!.rawBody).toContain('Step 1:');
    expect(terminal.type).toBe('run.completed');
  });

  it('context.minSavingShare: one that saves less is not used', async () => {
    await limit('context.minSavingShare', 0.9);
    await run(steps, () => turn().text(ALL));
    expect(answers().at(-1)!.rawBody).toContain('Step 1:');
  });

  it('context.maxSummaryTokens: is what it may be written with', async () => {
    await limit('context.maxSummaryTokens', 300);
    await run(steps, () => turn().text(ALL));
    expect(summaries()[0]?.body.generationConfig?.maxOutputTokens).toBe(300);
  });

  it('one that fails leaves everything as it was', async () => {
    const { terminal } = await run(steps, () => turn().overloaded());
    expect(answers().at(-1)!.rawBody).toContain('Step 1:');
    expect(terminal.type).toBe('run.completed');
  });
});

describe('a model that finds its input too long', () => {
  const tooLong = (): TurnBuilder => turn().httpError(400, 'INVALID_ARGUMENT', 'The input token count (1200000) exceeds the maximum number of tokens allowed (1048576).');

  it('is asked once more with less', async () => {
    await limit('context.compactShare', 1);
    const { terminal } = await run([read(0), read(1), tooLong(), turn().text('Done.')]);
    expect(outputs(answers()[2]!)).toEqual([expect.stringContaining('of a page'), expect.stringContaining('of a page')]);
    expect(outputs(answers()[3]!)).toEqual([LEFT_OUT, expect.stringContaining('of a page')]);
    expect(terminal.type).toBe('run.completed');
  });

  it('a second time ends the run in one clear error', async () => {
    const { terminal } = await run([read(0), tooLong(), tooLong()]);
    expect(answers()).toHaveLength(3);
    expect(terminal).toMatchObject({ type: 'run.failed', data: { error: { pattern: 'token_limit' } } });
  });
});
