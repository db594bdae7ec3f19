import { randomUUID } from 'node:crypto';
import { TokenCalibration } from '../../../src/billing/index.js';
import { RunEstimator } from '../../../src/billing/estimate/run-estimator.js';
import { PRICE_LIST } from '../../../src/billing/prices/price-list.js';
import { PriceBook } from '../../../src/billing/prices/price-book.js';
import { PriceTable } from '../../../src/billing/prices/price-table.js';
import { UsageReports } from '../../../src/billing/usage/usage-reports.js';
import { CONFIG, type Config } from '../../../src/config/index.js';
import type { Limits, LimitValues } from '../../../src/limits/index.js';
import { type BillingBench, callOf, startBilling, TEST_MODEL, usageOf } from '../../support/billing/billing-bench.js';
import { startQuietApp } from '../../support/chat/quiet-app.js';
import { type GeminiEmulator, startGeminiEmulator, turn } from '../../support/gemini-emulator/index.js';
import { FixedLimits } from '../../support/streaming/fixed-limits.js';
import type { TestApp } from '../../support/test-app.js';

const DAY_MS = 86_400_000;

describe('billing alone', () => {
  let bench: BillingBench;
  let config: Config;
  beforeAll(async () => {
    bench = await startBilling({ SIGNUP_CREDITS: '10', CREDIT_VALUE_NANO_USD: '1000' });
    config = bench.app.get<Config>(CONFIG);
  });
  afterAll(() => bench.close());

  const limitsOf = (values: Partial<LimitValues>): Limits => new FixedLimits(values);
  const codeOf = (work: Promise<unknown>): Promise<string> => work.then(() => 'ok', (error: { code: string }) => error.code);

  it('billing.maxReportDays: a report over that many days is given, a longer one refused', async () => {
    const reports = new UsageReports(bench.prisma, limitsOf({ 'billing.maxReportDays': 3 }), bench.clock, config);
    const to = new Date(bench.clock.now());
    const over = (durationMs: number): Promise<string> => codeOf(reports.summary('ann', { from: new Date(to.getTime() - durationMs), to }));
    expect(await Promise.all([3 * DAY_MS - 1, 3 * DAY_MS, 3 * DAY_MS + 1].map(over))).toEqual(['ok', 'ok', 'validation_failed']);
  });

  it('billing.maxReportRows: that many groups are given, and it says when there are more', async () => {
    const userId = await bench.user(1_000_000n);
    for (const intent of ['search', 'fix', 'analysis'] as const) await bench.billing.settle(usageOf(callOf(userId), { inputTokens: 10 }, { intent }));
    const summary = async (maxRows: number): Promise<[number, boolean]> => {
      const { items, isTruncated } = await new UsageReports(bench.prisma, limitsOf({ 'billing.maxReportRows': maxRows }), bench.clock, config).summary(userId, {});
      return [items.length, isTruncated];
    };
    expect([await summary(2), await summary(3), await summary(4)]).toEqual([[2, true], [3, false], [3, false]]);
  });

  it('billing.maxPrices: that many are kept, one more is refused', async () => {
    const table = bench.app.get(PriceTable);
    const count = await bench.prisma.modelPrice.count();
    expect(count).toBeGreaterThan(PRICE_LIST.length);
    const price = () => ({ model: `test/${randomUUID()}`, effectiveFrom: new Date(0), inputNanoUsd: 1n, cachedInputNanoUsd: 0n, outputNanoUsd: 2n, source: 'test' });
    const add = (maxPrices: number): Promise<string> => codeOf(new PriceBook(bench.prisma, table, limitsOf({ 'billing.maxPrices': maxPrices }), bench.clock).add(price(), 'test'));
    expect([await add(count), await add(count + 1), await add(count + 1), await add(count + 3)]).toEqual(['limit_exceeded', 'ok', 'limit_exceeded', 'ok']);
  });

  it('billing.priceCacheMs: a price of another instance is seen after it, not before', async () => {
    const table = new PriceTable(bench.prisma, limitsOf({ 'billing.priceCacheMs': 5_000 }), bench.clock, config);
    await table.reload();
    const model = `test/${randomUUID()}`;
    await bench.prisma.modelPrice.create({ data: { id: randomUUID(), model, effectiveFrom: new Date(0), inputNanoUsd: 3n, cachedInputNanoUsd: 0n, outputNanoUsd: 2n, source: 'test', sourceDate: new Date(0), createdBy: 'test' } });
    const seen: string[] = [];
    for (const waitMs of [4_999, 1, 1]) {
      await bench.clock.advance(waitMs);
      seen.push(await codeOf(table.ratesOf(model)));
    }
    expect(seen).toEqual(['unpriced_model', 'unpriced_model', 'ok']);
  });

  it('billing.estimateCacheMs: what runs cost is read again at it, not before', async () => {
    const estimator = new RunEstimator(bench.prisma, bench.app.get(PriceTable), limitsOf({ 'billing.estimateCacheMs': 5_000 }), bench.clock, config);
    const userId = await bench.user(1_000_000n);
    const intent = 'refactor' as const;
    const runs = async (): Promise<number> => (await estimator.estimate({ userId, model: TEST_MODEL, intent, inputTokens: 100, maxContextTokens: 1_000, maxIterations: 2, maxOutputTokens: 100 })).basedOnRuns;
    expect(await runs()).toBe(0);
    for (let run = 0; run < 10; run++) await bench.billing.settle(usageOf(callOf(userId), { inputTokens: 10 }, { intent }));
    await bench.clock.advance(4_999);
    expect(await runs()).toBe(0);
    await bench.clock.advance(1);
    expect(await runs()).toBe(10);
  });

  it('billing.maxCalibratedModels: that many models are averaged, others are left as they are', () => {
    const learnt = (maxModels: number): number => {
      const calibration = new TokenCalibration(bench.prisma, limitsOf({ 'billing.maxCalibratedModels': maxModels, 'billing.calibrationSaveMs': DAY_MS }), bench.clock);
      for (const model of ['a', 'b', 'c']) calibration.learn({ model, estimatedTokens: 1_000, realTokens: 1_100 });
      return ['a', 'b', 'c'].filter((model) => calibration.averageOf(model).samples > 0).length;
    };
    expect([2, 3, 4].map(learnt)).toEqual([2, 3, 3]);
  });

  it('billing.calibrationSaveMs: an average is written at it, not before', async () => {
    const calibration = new TokenCalibration(bench.prisma, limitsOf({ 'billing.calibrationSaveMs': 5_000 }), bench.clock);
    const model = `test/${randomUUID()}`;
    const learn = () => calibration.learn({ model, estimatedTokens: 1_000, realTokens: 1_100 });
    const saved = () => bench.prisma.tokenCalibration.findUnique({ where: { model } });
    await bench.clock.advance(4_999);
    learn();
    await new Promise((resolve) => setImmediate(resolve));
    expect(await saved()).toBeNull();
    await bench.clock.advance(1);
    learn();
    await calibration.onModuleDestroy();
    expect(await saved()).toMatchObject({ samples: 2 });
  });

  it('billing.chargeSystemRetries: the user pays each attempt with it, and the dearest alone without', async () => {
    const charged = async (environment: Record<string, string>): Promise<bigint> => {
      const billing = await startBilling(environment);
      const userId = await billing.user(1_000n);
      const call = callOf(userId);
      await billing.billing.settle(usageOf(call, { inputTokens: 40 }, { isPartial: true }));
      await billing.billing.settle(usageOf({ ...call, attempt: 2 }, { inputTokens: 60 }, { isSystemRetry: true }));
      const { postedNanoUsd } = await billing.billing.balance(userId);
      await billing.close();
      return 1_000n - postedNanoUsd;
    };
    expect(await charged({ LIMIT_BILLING_CHARGE_SYSTEM_RETRIES: 'true' })).toBe(100n);
    expect(await charged({ LIMIT_BILLING_CHARGE_SYSTEM_RETRIES: 'false' })).toBe(60n);
  });
});

describe('a run', () => {
  let gemini: GeminiEmulator;
  let lomu: TestApp;
  beforeAll(async () => {
    gemini = await startGeminiEmulator();
    lomu = await startQuietApp({ environment: { ...gemini.environment, SIGNUP_CREDITS: '1000000' } });
  });
  afterEach(() => gemini.reset());
  afterAll(async () => {
    await lomu.close();
    await gemini.close();
  });

  /** The first hold of a run under these limits, while the model is asked. */
  async function holdWith(values: Readonly<Record<string, number>>): Promise<{ inputTokens: number; lifeMs: number; estimate: number }> {
    for (const [key, value] of Object.entries(values)) await lomu.client.put(`/api/limits/${key}`, { value, reason: 'test' });
    gemini.respondWith(() => turn().text('ok').usage({ prompt: 100, candidates: 1 }));
    const { started } = await lomu.client.run('hello there', { intent: 'analysis' });
    const hold = await lomu.database.prisma.creditHold.findFirstOrThrow({ where: { runId: started.runId } });
    return { inputTokens: hold.inputTokens, lifeMs: hold.leaseExpiresAt.getTime() - hold.createdAt.getTime(), estimate: started.estimate.inputTokens };
  }

  it('billing.ceilingFactor: a hold is sized for that much more than the prompt is expected to be', async () => {
    const [once, twice] = [await holdWith({ 'billing.ceilingFactor': 1 }), await holdWith({ 'billing.ceilingFactor': 2 })];
    expect(once.inputTokens).toBe(once.estimate);
    expect(twice.inputTokens).toBe(2 * twice.estimate);
  });

  it('billing.holdLeaseMs: a hold lives that much longer than its call may take', async () => {
    const [short, long] = [await holdWith({ 'billing.holdLeaseMs': 1_000 }), await holdWith({ 'billing.holdLeaseMs': 601_000 })];
    expect(long.lifeMs - short.lifeMs).toBeGreaterThan(540_000); // both a little less, by how long it took to get there
    expect(long.lifeMs - short.lifeMs).toBeLessThan(660_000);
  });
});
