import { randomUUID } from 'node:crypto';
import type { ReserveRequest } from '../../../src/billing/index.js';
import { postgresqlUrl } from '../../support/test-database.js';
import { type BillingBench, callOf, holdIdOf, startBilling, usageOf } from '../../support/billing/billing-bench.js';

let bench: BillingBench;
beforeAll(async () => {
  bench = await startBilling();
});
afterAll(() => bench.close());

describe('holds', () => {
  it('reserves what a call may cost and gives it back unused', async () => {
    const userId = await bench.user(1_000n);
    const call = callOf(userId);
    const hold = await bench.billing.reserve(call);
    expect(hold).toEqual({ holdId: holdIdOf(call), amountNanoUsd: 200n, maxOutputTokens: 50 });
    expect(await bench.billing.balance(userId)).toEqual({ postedNanoUsd: 1_000n, heldNanoUsd: 200n, availableNanoUsd: 800n });
    await bench.billing.release(hold.holdId);
    await bench.billing.release(hold.holdId);
    expect(await bench.billing.balance(userId)).toEqual({ postedNanoUsd: 1_000n, heldNanoUsd: 0n, availableNanoUsd: 1_000n });
  });

  it('shrinks the output to what is affordable, and refuses below the floor saying what is missing', async () => {
    const userId = await bench.user(150n);
    expect((await bench.billing.reserve(callOf(userId))).maxOutputTokens).toBe(25);
    await expect(bench.billing.reserve(callOf(userId))).rejects.toMatchObject({ code: 'insufficient_credits', extensions: { missingNanoUsd: '120' } });
    const poor = await bench.user(119n);
    await expect(bench.billing.reserve(callOf(poor))).rejects.toMatchObject({ code: 'insufficient_credits', extensions: { missingNanoUsd: '1' } });
    expect(await bench.prisma.creditHold.count({ where: { userId: poor } })).toBe(0);
  });

  it('gives the same call the hold it has', async () => {
    const userId = await bench.user(1_000n);
    const call = callOf(userId);
    expect(await bench.billing.reserve(call)).toEqual(await bench.billing.reserve(call));
    expect((await bench.billing.balance(userId)).heldNanoUsd).toBe(200n);
  });

  it('I3: gives 50 parallel requests of one call one hold', async () => {
    const userId = await bench.user(1_000n);
    const call = callOf(userId);
    const holds = await Promise.all(Array.from({ length: 50 }, () => bench.billing.reserve(call)));
    for (const hold of holds) expect(hold).toEqual({ holdId: holdIdOf(call), amountNanoUsd: 200n, maxOutputTokens: 50 });
    expect((await bench.billing.balance(userId)).heldNanoUsd).toBe(200n);
  });

  it('are taken anew by the same call after they were given back', async () => {
    const userId = await bench.user(1_000n);
    const call = callOf(userId);
    await bench.billing.reserve(call);
    await bench.billing.release(holdIdOf(call));
    await bench.billing.reserve({ ...call, inputTokens: 200 });
    expect((await bench.billing.balance(userId)).heldNanoUsd).toBe(300n);
  });

  it('grow when the prompt has grown between admission and the call, and are refused when that cannot be paid', async () => {
    const userId = await bench.user(1_000n);
    const call = callOf(userId);
    await bench.billing.reserve(call);
    expect(await bench.billing.reserve({ ...call, inputTokens: 700, isDispatching: true })).toMatchObject({ amountNanoUsd: 800n, maxOutputTokens: 50 });
    expect((await bench.billing.balance(userId)).heldNanoUsd).toBe(800n);
    const next = callOf(userId);
    await bench.billing.reserve(next);
    await expect(bench.billing.reserve({ ...next, inputTokens: 700 })).rejects.toMatchObject({ code: 'insufficient_credits' });
    expect((await bench.billing.balance(userId)).heldNanoUsd).toBe(800n);
  });

  it('pay for one call only: its hold is not given to a second one', async () => {
    const userId = await bench.user(1_000n);
    const call = callOf(userId);
    await bench.billing.reserve(call);
    const dispatching = { ...call, isDispatching: true };
    const results = await Promise.allSettled([bench.billing.reserve(dispatching), bench.billing.reserve(dispatching)]);
    expect(results.filter((result) => result.status === 'fulfilled')).toHaveLength(1);
    await expect(bench.billing.reserve(call)).rejects.toMatchObject({ code: 'invalid_state' });
  });

  it('roll back with the transaction that they are part of', async () => {
    const userId = await bench.user(1_000n);
    const call = callOf(userId);
    await expect(
      bench.prisma.$transaction(async (tx) => {
        await bench.billing.reserve(call, tx);
        throw new Error('refused');
      }),
    ).rejects.toThrow('refused');
    expect(await bench.billing.balance(userId)).toMatchObject({ heldNanoUsd: 0n });
    expect(await bench.prisma.creditHold.count({ where: { userId } })).toBe(0);
  });

  it('I3: of 200 parallel starts on credit for 10, exactly 10 are admitted', async () => {
    const userId = await bench.user(2_000n);
    const calls = Array.from({ length: 200 }, () => callOf(userId, { minOutputTokens: 50 }));
    const results = await Promise.allSettled(calls.map((call) => bench.billing.reserve(call)));
    expect(results.filter((result) => result.status === 'fulfilled')).toHaveLength(10);
    expect(results.filter((result) => result.status === 'rejected' && (result.reason as { code: string }).code === 'insufficient_credits')).toHaveLength(190);
    expect(await bench.billing.balance(userId)).toMatchObject({ heldNanoUsd: 2_000n, availableNanoUsd: 0n });
  });

  it('billing.maxWaitingCalls: are refused to the calls beyond it, and settlements never are', async () => {
    const small = await startBilling({ LIMIT_BILLING_MAX_WAITING_CALLS: '2' });
    try {
      for (const [count, refused] of [[1, 0], [2, 0], [4, 2]] as const) {
        const userId = await small.user(10_000n);
        const calls = Array.from({ length: count }, () => callOf(userId));
        const results = await Promise.allSettled(calls.map((call) => small.billing.reserve(call)));
        const codes = results.flatMap((result) => (result.status === 'rejected' ? [(result.reason as { code: string }).code] : []));
        expect(codes).toEqual(Array.from({ length: refused }, () => 'queue_full'));
        const settled = await Promise.all(calls.map((call) => small.billing.settle(usageOf(call, { inputTokens: 1 }))));
        expect(settled).toHaveLength(count);
      }
    } finally {
      await small.close();
    }
  });

  it('of one account are taken while another account is locked by somebody else', async () => {
    if (!postgresqlUrl) return; // an embedded database has one session: nobody else can hold a lock
    const [locked, free] = [await bench.user(1_000n), await bench.user(1_000n)];
    let waiting: Promise<unknown> | undefined;
    await bench.prisma.$transaction(async (tx) => {
      await tx.$executeRaw`SELECT 1 FROM credit_accounts WHERE user_id = ${locked} FOR UPDATE`;
      waiting = bench.billing.reserve(callOf(locked));
      await bench.billing.reserve(callOf(free));
      await bench.billing.settle(usageOf(callOf(free), { inputTokens: 1 }));
    });
    await waiting;
    expect((await bench.billing.balance(locked)).heldNanoUsd).toBe(200n);
  });

  it('I3: of a run that is over are freed when its call was never sent, and stay when it was', async () => {
    const userId = await bench.user(1_000n);
    const runId = randomUUID();
    await bench.billing.reserve(callOf(userId, { runId, attempt: 1 }));
    await bench.billing.reserve(callOf(userId, { runId, attempt: 2 }));
    await bench.billing.reserve(callOf(userId, { runId, attempt: 3, isDispatching: true }));
    await bench.billing.reserve(callOf(userId));
    await bench.billing.releaseUnsent(runId);
    expect(await bench.billing.balance(userId)).toEqual({ postedNanoUsd: 1_000n, heldNanoUsd: 400n, availableNanoUsd: 600n }); // the one that was sent, and the other run's
    await bench.billing.releaseUnsent(runId);
    expect(await bench.reconciliation.findImbalances([userId])).toEqual([]);
  });

  it('are freed once their lease has ended', async () => {
    const userId = await bench.user(1_000n);
    await bench.billing.reserve(callOf(userId, { leaseMs: 1_000 }));
    await bench.sweeper.sweep(1_000);
    expect((await bench.billing.balance(userId)).heldNanoUsd).toBe(200n);
    await bench.clock.advance(1_001);
    expect(await bench.sweeper.sweep(1_000)).toBeGreaterThanOrEqual(1);
    expect((await bench.billing.balance(userId)).heldNanoUsd).toBe(0n);
  });
});

describe('a call whose instance died', () => {
  const lose = async (userId: string) => {
    const call = callOf(userId, { isDispatching: true, leaseMs: 1_000 });
    await bench.billing.reserve(call);
    await bench.clock.advance(1_001);
    while ((await bench.sweeper.sweep(1_000)) > 0);
    return call;
  };

  it('is on record with its prompt, charges nobody, and holds nothing any longer', async () => {
    const userId = await bench.user(1_000n);
    const call = await lose(userId);
    expect(await bench.billing.balance(userId)).toEqual({ postedNanoUsd: 1_000n, heldNanoUsd: 0n, availableNanoUsd: 1_000n });
    expect(await bench.prisma.usageRecord.findUnique({ where: { holdId: holdIdOf(call) } })).toMatchObject({
      isPresumed: true, isPartial: true, inputTokens: 100, outputTokens: 0, costNanoUsd: 100n, chargedNanoUsd: 0n, intent: 'search', iteration: 1, attempt: 1, runId: call.runId,
    });
    expect(await bench.prisma.creditHold.findUnique({ where: { id: holdIdOf(call) } })).toMatchObject({ status: 'lost' });
  });

  it('is charged once when its real usage turns up after all', async () => {
    const userId = await bench.user(1_000n);
    const call = await lose(userId);
    const settlements = await Promise.all(Array.from({ length: 10 }, () => bench.billing.settle(usageOf(call, { inputTokens: 90, outputTokens: 5 }))));
    for (const { chargedNanoUsd } of settlements) expect(chargedNanoUsd).toBe(100n);
    expect(await bench.billing.balance(userId)).toEqual({ postedNanoUsd: 900n, heldNanoUsd: 0n, availableNanoUsd: 900n });
    expect(await bench.prisma.usageRecord.findUnique({ where: { holdId: holdIdOf(call) } })).toMatchObject({ isPresumed: false, isPartial: false, inputTokens: 90, chargedNanoUsd: 100n });
    expect(await bench.reconciliation.findImbalances([userId])).toEqual([]);
  });
});

describe('settlement', () => {
  it('charges what was used, once, however often it is asked for', async () => {
    const userId = await bench.user(1_000n);
    const call = callOf(userId);
    await bench.billing.reserve(call);
    const first = await bench.billing.settle(usageOf(call, { inputTokens: 90, cachedInputTokens: 40, outputTokens: 20, reasoningTokens: 5 }));
    expect(first).toEqual({ costNanoUsd: 100n, chargedNanoUsd: 100n, balance: { postedNanoUsd: 900n, heldNanoUsd: 0n, availableNanoUsd: 900n }, level: 'good', previousLevel: 'good' });
    const again = await Promise.all(Array.from({ length: 20 }, () => bench.billing.settle(usageOf(call, { inputTokens: 999 }))));
    for (const replay of again) expect(replay).toEqual(first);
    expect(await bench.prisma.ledgerEntry.count({ where: { userId, kind: 'usage' } })).toBe(1);
  });

  it('I3: posts late usage after the hold has expired, past what was held, into debt that blocks new holds', async () => {
    const userId = await bench.user(200n);
    const call = callOf(userId, { leaseMs: 1_000 });
    await bench.billing.reserve(call);
    await bench.clock.advance(1_001);
    await bench.sweeper.sweep(1_000);
    const { balance } = await bench.billing.settle(usageOf(call, { inputTokens: 100, outputTokens: 150 }));
    expect(balance).toEqual({ postedNanoUsd: -200n, heldNanoUsd: 0n, availableNanoUsd: -200n });
    await expect(bench.billing.reserve(callOf(userId, { inputTokens: 0, maxOutputTokens: 1, minOutputTokens: 1 }))).rejects.toMatchObject({ code: 'insufficient_credits' });
  });

  describe('of a call that took several attempts', () => {
    const retryOf = (call: ReserveRequest) => ({ ...call, attempt: call.attempt + 1 });
    const settleBoth = async (firstTokens: number, secondTokens: number) => {
      const userId = await bench.user(1_000n);
      const call = callOf(userId);
      await bench.billing.reserve(call);
      const first = await bench.billing.settle(usageOf(call, { inputTokens: firstTokens }, { isPartial: true }));
      await bench.billing.reserve(retryOf(call));
      const second = await bench.billing.settle(usageOf(retryOf(call), { inputTokens: secondTokens }, { isSystemRetry: true }));
      return { charged: [first.chargedNanoUsd, second.chargedNanoUsd], cost: [first.costNanoUsd, second.costNanoUsd], left: second.balance.availableNanoUsd };
    };

    it('charges the dearest one, the house pays the rest, and each cost is on record', async () => {
      expect(await settleBoth(30, 100)).toEqual({ charged: [30n, 70n], cost: [30n, 100n], left: 900n });
      expect(await settleBoth(100, 30)).toEqual({ charged: [100n, 0n], cost: [100n, 30n], left: 900n });
    });

    it('is not free because the first attempt was', async () => {
      expect(await settleBoth(0, 100)).toEqual({ charged: [0n, 100n], cost: [0n, 100n], left: 900n });
    });

    it('counts the same when the first one turns up late', async () => {
      const userId = await bench.user(1_000n);
      const call = callOf(userId);
      const retry = await bench.billing.settle(usageOf(retryOf(call), { inputTokens: 80 }, { isSystemRetry: true }));
      const late = await bench.billing.settle(usageOf(call, { inputTokens: 100 }, { isPartial: true }));
      expect([retry.chargedNanoUsd, late.chargedNanoUsd]).toEqual([80n, 20n]);
    });

    it('does not mix up iterations or runs', async () => {
      const userId = await bench.user(1_000n);
      const call = callOf(userId);
      await bench.billing.settle(usageOf({ ...call, iteration: 2 }, { inputTokens: 50 }));
      await bench.billing.settle(usageOf(callOf(userId), { inputTokens: 50 }));
      const retry = await bench.billing.settle(usageOf(retryOf(call), { inputTokens: 40 }, { isSystemRetry: true }));
      expect(retry.chargedNanoUsd).toBe(40n);
    });
  });

  it('goes by the price that was in force when the call was held', async () => {
    const userId = await bench.user(10_000n);
    const model = 'test/dearer-tomorrow';
    const midnight = new Date(bench.clock.now() + 3_600_000);
    const admin = await bench.client('root', 'admin');
    const price = { model, cachedInputNanoUsd: '0', outputNanoUsd: '1', source: 'test' };
    await admin.post('/api/billing/prices', { ...price, effectiveFrom: '2026-01-01T00:00:00Z', inputNanoUsd: '1' });
    await admin.post('/api/billing/prices', { ...price, effectiveFrom: midnight.toISOString(), inputNanoUsd: '10' });
    const call = callOf(userId, { model });
    await bench.billing.reserve(call);
    bench.clock.leap(2 * 3_600_000);
    expect(await bench.billing.settle(usageOf(call, { inputTokens: 100 }))).toMatchObject({ chargedNanoUsd: 100n });
    const later = callOf(userId, { model });
    await bench.billing.reserve(later);
    expect(await bench.billing.settle(usageOf(later, { inputTokens: 100 }))).toMatchObject({ chargedNanoUsd: 1_000n });
  });

  it('says when the account has become low or critical', async () => {
    const userId = await bench.user(1_000n);
    await bench.prisma.creditAccount.update({ where: { userId }, data: { allowanceNanoUsd: 1_000n } });
    const levels = async (inputTokens: number) => {
      const { previousLevel, level } = await bench.billing.settle(usageOf(callOf(userId), { inputTokens }));
      return [previousLevel, level];
    };
    expect(await levels(799)).toEqual(['good', 'good']);
    expect(await levels(1)).toEqual(['good', 'low']);
    expect(await levels(99)).toEqual(['low', 'low']);
    expect(await levels(1)).toEqual(['low', 'critical']);
  });

  it('is never stopped, nor paid back, by counts that are no counts', async () => {
    const userId = await bench.user(1_000n);
    const settled = await bench.billing.settle(usageOf(callOf(userId), { inputTokens: 10.4, cachedInputTokens: 99, outputTokens: -5, reasoningTokens: Number.NaN, toolUseInputTokens: 7 }));
    expect(settled.chargedNanoUsd).toBe(7n);
  });

  it('opens the account of a user that has none: usage is never dropped', async () => {
    const { balance } = await bench.billing.settle(usageOf(callOf('nobody-yet'), { inputTokens: 10 }));
    expect(balance.postedNanoUsd).toBe(-10n);
  });

  it('writes a ledger that nobody can change', async () => {
    const userId = await bench.user(10n);
    await expect(bench.prisma.ledgerEntry.updateMany({ where: { userId }, data: { amountNanoUsd: 99n } })).rejects.toThrow(/append-only/);
    await expect(bench.prisma.ledgerEntry.deleteMany({ where: { userId } })).rejects.toThrow(/append-only/);
    await expect(bench.prisma.$executeRawUnsafe('TRUNCATE ledger_entries')).rejects.toThrow(/append-only/);
  });
});
