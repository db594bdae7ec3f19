import { randomUUID } from 'node:crypto';
import { TokenCalibration } from '../../../src/billing/index.js';
import { PRICE_LIST } from '../../../src/billing/prices/price-list.js';
import { PriceTable } from '../../../src/billing/prices/price-table.js';
import { LimitsAdminService } from '../../../src/limits/limits-admin.service.js';
import { type BillingBench, callOf, startBilling, TEST_MODEL, usageOf } from '../../support/billing/billing-bench.js';

const DAY_MS = 86_400_000;

let bench: BillingBench;
beforeAll(async () => {
  bench = await startBilling({ SIGNUP_CREDITS: '10', CREDIT_VALUE_NANO_USD: '1000', LIMIT_BILLING_MONTHLY_ALLOWANCE_CREDITS: '5' }); // begins on 2026-11-22
});
afterAll(() => bench.close());

async function everyAllowance(batchSize = 3): Promise<void> {
  while ((await bench.allowance.grantDue(batchSize)) === batchSize);
}

describe('the monthly allowance', () => {
  it('billing.monthlyAllowanceCredits: is given once per month, from the month after the account was opened, whoever asks how often', async () => {
    const users = Array.from({ length: 8 }, () => `user-${randomUUID()}`);
    for (const userId of users) await bench.billing.ensureAccount(userId);
    const posted = async () => Promise.all(users.map(async (userId) => (await bench.billing.balance(userId)).postedNanoUsd));

    await everyAllowance();
    expect(await posted()).toEqual(users.map(() => 10_000n));

    bench.clock.leap(10 * DAY_MS); // December
    await everyAllowance();
    await Promise.all([everyAllowance(), everyAllowance(2), everyAllowance(100)]);
    expect(await posted()).toEqual(users.map(() => 15_000n));
    expect(await bench.prisma.ledgerEntry.findFirst({ where: { userId: users[0], kind: 'allowance' } })).toMatchObject({ reason: 'Allowance for 2026-12', amountNanoUsd: 5_000n, balanceNanoUsd: 15_000n });

    bench.clock.leap(31 * DAY_MS); // January, in another year
    await everyAllowance();
    expect(await posted()).toEqual(users.map(() => 20_000n));
    expect(await bench.reconciliation.findImbalances(users)).toEqual([]);
  });

  it('is looked for again a day later where there was none, and else not before its month', async () => {
    const admin = bench.app.get(LimitsAdminService);
    const allow = (value: number) => admin.setOverride('billing.monthlyAllowanceCredits', { scope: { kind: 'user', id: userId }, value, expiresAt: null, reason: 'test' }, 'root');
    const userId = `user-${randomUUID()}`;
    await bench.billing.ensureAccount(userId);
    await allow(0);
    bench.clock.leap(32 * DAY_MS);
    await everyAllowance();
    expect((await bench.billing.balance(userId)).postedNanoUsd).toBe(10_000n);

    await allow(7);
    expect(await bench.allowance.grantDue(100)).toBe(0);
    bench.clock.leap(DAY_MS);
    expect(await bench.allowance.grantDue(100)).toBe(1); // only this one of all accounts
    expect(await bench.allowance.grantDue(100)).toBe(0);
    expect((await bench.billing.balance(userId)).postedNanoUsd).toBe(17_000n);
  });

  it('is what the level is measured against afterwards', async () => {
    const userId = `user-${randomUUID()}`;
    await bench.billing.ensureAccount(userId);
    bench.clock.leap(32 * DAY_MS);
    await everyAllowance();
    expect(await bench.prisma.creditAccount.findUnique({ where: { userId } })).toMatchObject({ allowanceNanoUsd: 5_000n });
  });
});

describe('reconciliation', () => {
  const everyAccount = async (batchSize: number) => {
    const imbalances = [];
    for (;;) {
      const batch = await bench.reconciliation.checkNext(batchSize);
      imbalances.push(...batch.imbalances);
      if (batch.roundDifferenceNanoUsd !== undefined) return { imbalances, difference: batch.roundDifferenceNanoUsd };
    }
  };

  it('finds each account that is out of balance, in bounded batches, and adds up the round (I3)', async () => {
    const users = await Promise.all(Array.from({ length: 5 }, () => bench.user(1_000n)));
    await bench.billing.reserve(callOf(users[0] as string));
    expect(await everyAccount(4)).toEqual({ imbalances: [], difference: 0n });

    await bench.prisma.creditAccount.update({ where: { userId: users[1] }, data: { postedNanoUsd: { increment: 7n } } });
    await bench.prisma.creditAccount.update({ where: { userId: users[2] }, data: { heldNanoUsd: 30n } });
    await bench.prisma.usageRecord.create({
      data: {
        id: randomUUID(), holdId: randomUUID(), userId: users[3] as string, runId: randomUUID(), iteration: 1, attempt: 1, intent: 'fix', model: 'test/simple', costNanoUsd: 5n, chargedNanoUsd: 5n,
        inputTokens: 5, cachedInputTokens: 0, toolUseInputTokens: 0, outputTokens: 0, reasoningTokens: 0,
      },
    });
    const { imbalances, difference } = await everyAccount(4);
    expect(difference).toBe(42n);
    const none = { postedDifferenceNanoUsd: 0n, heldDifferenceNanoUsd: 0n, usageDifferenceNanoUsd: 0n };
    expect(new Map(imbalances.map((imbalance) => [imbalance.userId, imbalance]))).toEqual(
      new Map([
        [users[1], { ...none, userId: users[1], postedDifferenceNanoUsd: 7n }],
        [users[2], { ...none, userId: users[2], heldDifferenceNanoUsd: 30n }],
        [users[3], { ...none, userId: users[3], usageDifferenceNanoUsd: 5n }],
      ]),
    );
    await bench.prisma.usageRecord.deleteMany({ where: { userId: users[3] } });
    await bench.prisma.creditAccount.updateMany({ where: { userId: { in: [users[1], users[2]] as string[] } }, data: { postedNanoUsd: 11_000n, heldNanoUsd: 0n } });
    expect((await everyAccount(1_000)).difference).toBe(0n);
  });
});

describe('the price table', () => {
  it('holds the shipped list after any number of boots, and leaves what an admin set for the same date', async () => {
    const table = bench.app.get(PriceTable);
    const count = await bench.prisma.modelPrice.count();
    const [listed] = PRICE_LIST;
    const key = { model_effectiveFrom: { model: listed?.model ?? '', effectiveFrom: new Date(listed?.effectiveFrom ?? '') } };
    await bench.prisma.modelPrice.update({ where: key, data: { inputNanoUsd: 1n, createdBy: 'root' } });
    await table.onModuleInit();
    expect(await bench.prisma.modelPrice.count()).toBe(count);
    expect(await bench.prisma.modelPrice.findUnique({ where: key })).toMatchObject({ inputNanoUsd: 1n, createdBy: 'root' });
  });

  it('doubles the price of the flash models on the first of January 2027', async () => {
    const rates = (at: string) => bench.app.get(PriceTable).ratesOf('gemini/gemini-3.6-flash', new Date(at));
    expect(await rates('2026-12-31T23:59:59.999Z')).toMatchObject({ input: 750n, output: 3_750n });
    expect(await rates('2027-01-01T00:00:00Z')).toMatchObject({ input: 1_500n, output: 7_500n });
  });

  it('sees within its age what another instance added', async () => {
    const table = bench.app.get(PriceTable);
    const model = 'test/elsewhere';
    await expect(table.ratesOf(model)).rejects.toMatchObject({ code: 'unpriced_model' });
    await bench.prisma.modelPrice.create({
      data: { id: randomUUID(), model, effectiveFrom: new Date(0), inputNanoUsd: 3n, cachedInputNanoUsd: 0n, outputNanoUsd: 2n, source: 'test', sourceDate: new Date(0), createdBy: 'test' },
    });
    await bench.clock.advance(60_001);
    expect(await table.ratesOf(model)).toMatchObject({ input: 3n });
  });
});

describe('estimates of runs', () => {
  const request = (userId: string) => ({ userId, model: TEST_MODEL, intent: 'search' as const, inputTokens: 1_000, maxContextTokens: 10_000, maxIterations: 3, maxOutputTokens: 2_000 });

  it('are a guess with a ceiling at first, and what such runs cost once there were some', async () => {
    const userId = await bench.user(1_000_000_000n);
    const guess = await bench.billing.estimate(request(userId));
    expect(guess).toMatchObject({ inputTokens: 1_000, basedOnRuns: 0, ceilingCredits: (3 * 10_000 + 2 * 2_000 + 3) / 1_000 });
    expect(guess.range.p50).toBeLessThanOrEqual(guess.range.p90);
    for (let run = 1; run <= 10; run++) {
      const call = callOf(userId);
      for (const iteration of [1, 2]) await bench.billing.settle(usageOf({ ...call, iteration }, { inputTokens: run * 500 }));
    }
    await bench.clock.advance(60_001);
    expect(await bench.billing.estimate(request(userId))).toMatchObject({ basedOnRuns: 10, range: { p50: 5.5, p90: 9.1 }, credits: 5.5, creditsNanoUsd: '5500' });
  });

  it('never promise more than the account has', async () => {
    expect((await bench.billing.estimate(request(await bench.user(-9_000n)))).ceilingCredits).toBe(1);
    expect((await bench.billing.estimate(request('never-seen'))).ceilingCredits).toBe(10);
  });
});

describe('token calibration', () => {
  it('settles on real over estimated, ignores odd prompts, and survives a restart', async () => {
    const calibration = bench.app.get(TokenCalibration);
    expect(calibration.calibrate('test/new', 1_000)).toBe(1_000);
    for (let sample = 0; sample < 200; sample++) calibration.learn({ model: 'test/new', estimatedTokens: 1_000, realTokens: sample % 2 ? 1_080 : 1_120 });
    calibration.learn({ model: 'test/new', estimatedTokens: 1_000, realTokens: 90_000 });
    calibration.learn({ model: 'test/new', estimatedTokens: 10, realTokens: 19 });
    expect(calibration.averageOf('test/new').ratio).toBeCloseTo(1.1, 2);
    expect(calibration.extend('test/new', 50_000, 100)).toBe(50_000 + calibration.calibrate('test/new', 100));
    const { ratio, samples } = calibration.averageOf('test/new');
    await calibration.onModuleDestroy();
    await calibration.onModuleInit();
    expect(calibration.averageOf('test/new')).toEqual({ ratio, samples });
    expect(await bench.prisma.tokenCalibration.findUnique({ where: { model: 'test/new' } })).toMatchObject({ ratio, samples: 200 });
  });
});

describe('models without a price', () => {
  it('run for nothing where that is allowed, on record with what they used', async () => {
    const generous = await startBilling({ ALLOW_UNPRICED_MODELS: 'true' });
    try {
      const userId = await generous.user(0n);
      const call = callOf(userId, { model: 'test/free' });
      expect(await generous.billing.reserve(call)).toMatchObject({ amountNanoUsd: 0n, maxOutputTokens: 50 });
      const indebted = await generous.user(-1n);
      await expect(generous.billing.reserve(callOf(indebted, { model: 'test/free' }))).rejects.toMatchObject({ code: 'insufficient_credits' });
    } finally {
      await generous.close();
    }
  });
});
