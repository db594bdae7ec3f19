import { TokenCalibration } from '../../../src/billing/index.js';
import { type GeminiEmulator, startGeminiEmulator, turn } from '../../support/gemini-emulator/index.js';
import { startTestApp, type TestApp } from '../../support/test-app.js';
import { createTestWorkspace, type TestWorkspace } from '../../support/test-workspace.js';

// gemini-3.6-flash until 2027: 750 nano-USD per prompt token, 3 750 per output token. A credit is 1 000 000.
const MODEL = 'gemini/gemini-3.6-flash';
const SIGNUP_CREDITS = 10;

let gemini: GeminiEmulator;
let workspace: TestWorkspace;
let lomu: TestApp;

beforeAll(async () => {
  gemini = await startGeminiEmulator();
  workspace = await createTestWorkspace({ 'notes.md': 'nothing much' });
  lomu = await startTestApp({ workspace, environment: { ...gemini.environment, DEFAULT_MODEL: MODEL, SIGNUP_CREDITS: String(SIGNUP_CREDITS) } });
});
afterAll(async () => {
  await lomu.close();
  await gemini.close();
  await workspace.remove();
});
beforeEach(() => gemini.reset());

async function leave(credits: number): Promise<void> {
  const { body } = await lomu.client.get('/api/billing/balance');
  const user = await lomu.database.prisma.creditAccount.findFirstOrThrow();
  await lomu.client.post('/api/billing/grants', { userId: user.userId, credits: credits - body.available, reason: 'test' });
}

describe('a run and the credits it has', () => {
  it('says that the account has become low, and ends with what it has when nothing is left for another call', async () => {
    gemini.script([turn().text('Let me look. ').call('list_files', {}).usage({ prompt: 11_000, candidates: 10 })]);
    const { events, terminal } = await lomu.client.run('What is in here?', { intent: 'analysis' });
    expect(terminal).toMatchObject({ type: 'run.completed', data: { finishReason: 'credits' } });
    expect(terminal.data.message.text).toContain('Let me look.');
    expect(events.find(({ type }) => type === 'usage.recorded')?.data).toMatchObject({ level: 'low', credits: 8.2875, balance: 1.7125 });
    expect(events.filter(({ type }) => type === 'limit.reached').map(({ data }) => data)).toMatchObject([{ limit: 'credits', value: 'low' }, { limit: 'credits', value: 0 }]);
    expect(terminal.data.billing.formatted).toBe('8.3 credits, about 0.83 ¢; 1.7 left');
    expect((await lomu.client.get('/api/billing/balance')).body).toMatchObject({ level: 'low', held: 0, creditsUsedThisMonth: 8.2875 });
  });

  it('is refused with what is missing when there is not enough for a first call', async () => {
    const { status, body } = await lomu.client.post('/api/chat/runs', { message: 'and now?', intent: 'analysis' });
    expect(status).toBe(402);
    expect(body).toMatchObject({ code: 'insufficient_credits', availableCredits: 1.7125 });
    expect(body.missingCredits).toBeCloseTo(body.requiredCredits - body.availableCredits, 9);
  });

  it('asks for no more output than is paid for, holds exactly that, and names the credits when the answer is cut there', async () => {
    await leave(8);
    gemini.script([turn().text('A long answer that').finish('MAX_TOKENS').usage({ prompt: 500, candidates: 1_400 })]);
    const { terminal, started } = await lomu.client.run('Tell me everything', { intent: 'analysis' });
    const hold = await lomu.database.prisma.creditHold.findUniqueOrThrow({ where: { id: `${started.runId}:1:1` } });
    const asked = gemini.requests[0]?.body.generationConfig?.maxOutputTokens;
    expect(asked).toBe(hold.maxOutputTokens);
    expect(hold.amountNanoUsd).toBe(BigInt(hold.inputTokens) * 750n + BigInt(hold.maxOutputTokens) * 3_750n);
    expect(hold.amountNanoUsd).toBeLessThanOrEqual(8_000_000n);
    expect(hold.amountNanoUsd).toBeGreaterThan(8_000_000n - 3_750n);
    expect(terminal).toMatchObject({ type: 'run.completed', data: { finishReason: 'credits' } });
    expect(terminal.data.message.text).toMatch(/^A long answer that/);
  });
});

describe('estimates of a conversation', () => {
  const estimate = async (message: string, conversationId?: string): Promise<number> =>
    (await lomu.client.post('/api/billing/estimate', { message, conversationId, intent: 'analysis' })).body.inputTokens;

  it('go by what the provider counted of its last prompt, and guess only what is new', async () => {
    await leave(1_000);
    const alone = await estimate('Hello there, who are you?');
    const real = alone + 700; // the provider frames messages in its own way
    gemini.script([turn().text('I am Lomu.').usage({ prompt: real, candidates: 5 })]);
    const { started } = await lomu.client.run('Hello there, who are you?', { intent: 'analysis' });
    const next = await estimate('And what can you do for me today?', started.conversationId);
    expect(next - real).toBeGreaterThan(5);
    expect(next - real).toBeLessThan(60);

    gemini.script([turn().text('Much.').usage({ prompt: real + 30, candidates: 5 })]);
    const second = await lomu.client.run('And what can you do for me today?', { intent: 'analysis', conversationId: started.conversationId });
    const hold = await lomu.database.prisma.creditHold.findUniqueOrThrow({ where: { id: `${second.started.runId}:1:1` } });
    expect(hold.inputTokens).toBe(Math.ceil(next * 1.2));
  });

  it('anchor each further prompt of a run on the one before', async () => {
    await leave(1_000);
    gemini.script([turn().call('list_files', {}).usage({ prompt: 5_000, candidates: 10 }), turn().text('One file.').usage({ prompt: 5_050, candidates: 5 })]);
    const { started } = await lomu.client.run('What is in here?', { intent: 'analysis' });
    const hold = await lomu.database.prisma.creditHold.findUniqueOrThrow({ where: { id: `${started.runId}:2:1` } });
    expect(hold.inputTokens / 1.2).toBeGreaterThan(5_000);
    expect(hold.inputTokens / 1.2).toBeLessThan(5_200);
  });

  it('learn from each count, and remember it beyond a restart', async () => {
    const before = lomu.app.get(TokenCalibration).averageOf(MODEL);
    expect(before.samples).toBeGreaterThan(0);
    const alone = await estimate('Hello there, who are you?');
    gemini.script([turn().text('Hi.').usage({ prompt: Math.round(alone * 1.3), candidates: 5 })]);
    await lomu.client.run('Hello there, who are you?', { intent: 'analysis' });
    const after = lomu.app.get(TokenCalibration).averageOf(MODEL);
    expect(after.samples).toBe(before.samples + 1);
    expect(after.ratio).toBeGreaterThan(before.ratio);
    expect(await estimate('Hello there, who are you?')).toBeGreaterThan(alone);
    await lomu.app.get(TokenCalibration).onModuleDestroy();
    expect(await lomu.database.prisma.tokenCalibration.findUnique({ where: { model: MODEL } })).toMatchObject({ ratio: after.ratio, samples: after.samples });
  });
});
