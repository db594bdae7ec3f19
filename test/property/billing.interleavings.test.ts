import fc from 'fast-check';
import type { ReserveRequest } from '../../src/billing/index.js';
import { AppError } from '../../src/common/index.js';
import { type BillingBench, callOf, holdIdOf, startBilling, usageOf } from '../support/billing/billing-bench.js';
import { Crash, crashing } from '../support/billing/crash.js';
import { postgresqlUrl } from '../support/test-database.js';

/**
 * Fifty runs of one user at once, each with what can happen to a model call, and a process that may die
 * before or after any statement. Afterwards everything that anybody was told must be true, and the sums
 * must be those of a small model of what each call used.
 */
const RUNS = 50;
const INITIAL = 8_000n;
const LEASE_MS = 5_000;

type Ending = 'answers' | 'breaks off' | 'is not made' | 'is lost' | 'is late';

interface Attempt {
  readonly ending: Ending;
  readonly inputTokens: number;
  readonly outputTokens: number;
  /** Statement at which the process dies, or beyond all of them. */
  readonly crashAt: number;
  readonly crashesAfter: boolean;
  readonly isRepeated: boolean;
}

const attempt: fc.Arbitrary<Attempt> = fc.record({
  ending: fc.constantFrom<Ending>('answers', 'answers', 'breaks off', 'is not made', 'is lost', 'is late'),
  inputTokens: fc.nat(150),
  outputTokens: fc.nat(80),
  crashAt: fc.oneof(fc.constant(99), fc.nat(5)),
  crashesAfter: fc.boolean(),
  isRepeated: fc.boolean(),
});
const run = fc.record({ attempts: fc.array(attempt, { minLength: 1, maxLength: 3 }), pauses: fc.array(fc.nat(3), { minLength: 1, maxLength: 4 }) });
type Run = { attempts: Attempt[]; pauses: number[] };

let bench: BillingBench;
beforeAll(async () => {
  bench = await startBilling({}, { canCrash: true });
});
afterAll(() => bench.close());

/** What the provider knows: the calls that were really made and what they used. */
class Provider {
  readonly served = new Map<string, { call: ReserveRequest; attempt: Attempt; isRetry: boolean }>();
}

async function playRun(userId: string, { attempts, pauses }: Run, provider: Provider): Promise<void> {
  const first = callOf(userId, { leaseMs: LEASE_MS });
  for (const [index, attempt] of attempts.entries()) {
    await pause(pauses[index % pauses.length] ?? 0);
    const call = { ...first, attempt: index + 1 };
    const outcome = await crashing(attempt.crashAt, attempt.crashesAfter, () => playAttempt(call, attempt, provider)).catch((error: unknown) => {
      if (error instanceof AppError && error.code === 'insufficient_credits') return 'refused';
      throw error;
    });
    if (outcome === 'refused' || outcome instanceof Crash) return;
  }
}

/** One attempt at a call, as chat makes it: admission in a transaction, then the call, then its settlement. */
async function playAttempt(call: ReserveRequest, attempt: Attempt, provider: Provider): Promise<void> {
  if (call.attempt === 1) await bench.billing.reserve(call);
  if (attempt.ending === 'is not made') return bench.billing.release(holdIdOf(call));
  await bench.billing.reserve({ ...call, isDispatching: true });
  const isRetry = call.attempt > 1;
  provider.served.set(holdIdOf(call), { call, attempt, isRetry });
  if (attempt.ending === 'is lost' || attempt.ending === 'is late') return;
  const usage = usageOf(call, attempt, { isPartial: attempt.ending === 'breaks off', isSystemRetry: isRetry });
  const results = await Promise.allSettled(Array.from({ length: attempt.isRepeated ? 3 : 1 }, () => bench.billing.settle(usage)));
  const told = results.map((result) => {
    if (result.status === 'rejected') throw result.reason;
    return result.value.chargedNanoUsd;
  });
  expect(new Set(told).size).toBe(1);
}

/** A clean-up that runs all along, as the scheduled one does. */
async function sweepUntil(isOver: () => boolean): Promise<void> {
  while (!isOver()) {
    await bench.sweeper.sweep(10);
    await bench.clock.advance(100);
    await pause(1);
  }
}

/** What comes after the crash: all leases end, and the usage that is known somewhere is posted, in any order. */
async function recover(provider: Provider, isReported: (ending: Ending) => boolean): Promise<Map<string, bigint>> {
  await bench.clock.advance(LEASE_MS + 1);
  while ((await bench.sweeper.sweep(1_000)) > 0);
  const dearest = new Map<string, bigint>();
  for (const { call, attempt, isRetry } of provider.served.values()) {
    const record = await bench.prisma.usageRecord.findUnique({ where: { holdId: holdIdOf(call) } });
    expect(record).not.toBeNull(); // settled, or presumed by the sweeper: a call that was made leaves a trace
    if (record?.isPresumed && !isReported(attempt.ending)) continue;
    await bench.billing.settle(usageOf(call, attempt, { isSystemRetry: isRetry }));
    const cost = BigInt(attempt.inputTokens + 2 * attempt.outputTokens);
    const soFar = dearest.get(call.runId) ?? 0n;
    dearest.set(call.runId, cost > soFar ? cost : soFar);
  }
  return dearest;
}

describe('I3 whatever races or crashes', () => {
  it('ledger, holds, usage and account add up, and each call is paid exactly once', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(run, { minLength: RUNS, maxLength: RUNS }), fc.boolean(), async (runs, isLostUsageReported) => {
        const userId = await bench.user(INITIAL);
        const provider = new Provider();
        let isOver = false;
        const sweeping = sweepUntil(() => isOver);
        const results = await Promise.allSettled(runs.map((each) => playRun(userId, each, provider)));
        isOver = true;
        await sweeping;
        for (const result of results) if (result.status === 'rejected') throw result.reason;
        expect(await bench.reconciliation.findImbalances([userId])).toEqual([]);

        const dearest = await recover(provider, (ending) => ending !== 'is lost' || isLostUsageReported);
        expect(await bench.reconciliation.findImbalances([userId])).toEqual([]);
        const charged = [...dearest.values()].reduce((sum, cost) => sum + cost, 0n);
        expect(await bench.billing.balance(userId)).toEqual({ postedNanoUsd: INITIAL - charged, heldNanoUsd: 0n, availableNanoUsd: INITIAL - charged });
        // A process that died between reserving and calling leaves a presumed call that the provider never saw; nobody pays for it.
        expect(await bench.prisma.usageRecord.count({ where: { userId, isPresumed: true, chargedNanoUsd: { not: 0n } } })).toBe(0);
      }),
      { numRuns: postgresqlUrl ? 25 : 3, endOnFailure: true }, // shrinking fifty runs against a database takes longer than reading them
    );
  }, 120_000);
});

async function pause(turns: number): Promise<void> {
  for (let turn = 0; turn < turns; turn++) await new Promise((resolve) => setImmediate(resolve));
}
