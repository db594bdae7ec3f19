import { cpus } from 'node:os';
import { type BillingBench, callOf, startBilling, usageOf } from '../support/billing/billing-bench.js';
import { postgresqlUrl } from '../support/test-database.js';

// Run by: TEST_DATABASE_URL=postgres://... npm test -- --testMatch '<rootDir>/test/bench/ledger.bench.ts'
// Reserve and settle of whole model calls, next to a bare update of one row through the same client: the ratio says
// what the ledger costs, whatever the machine. Database and client share the machine's cores.
const WORKERS = Number(process.env.BENCH_WORKERS ?? 40); // over the pool of ten connections that an instance has by default
const DURATION_MS = Number(process.env.BENCH_MS ?? 4_000);
const ACCOUNTS = 1_000;
const PLENTY = 10n ** 15n;

let bench: BillingBench;
let accounts: string[];

beforeAll(async () => {
  if (!postgresqlUrl) throw new Error('Set TEST_DATABASE_URL: an embedded database has one connection, which is not what is measured.');
  bench = await startBilling();
  accounts = [];
  while (accounts.length < ACCOUNTS) accounts.push(await bench.user(PLENTY));
  await measure(500, () => oneCall(accountAt));
}, 120_000);
afterAll(() => bench.close());

const hotAccount = (): string => accounts[0] as string;
const accountAt = (index: number): string => accounts[index % ACCOUNTS] as string;

it('settles calls', async () => {
  console.log(`${cpus().length} cores shared with PostgreSQL, ${WORKERS} workers, ${DURATION_MS} ms each`);
  for (const [where, account] of [['one hot account', hotAccount], [`${ACCOUNTS} accounts`, accountAt]] as const) {
    const bare = await measure(DURATION_MS, (index) => bareUpdate(account(index)));
    const statements = await measure(DURATION_MS, () => oneCall(account));
    console.log(`${where.padEnd(16)} bare update ${rate(bare)}   reserve + settle ${rate(statements)}   ratio ${(statements.perSecond / bare.perSecond).toFixed(2)}`);
  }
  expect(await bench.reconciliation.findImbalances(accounts)).toEqual([]);
}, 120_000);

let calls = 0;

async function oneCall(account: (index: number) => string): Promise<void> {
  const call = callOf(account(calls++), { isDispatching: true });
  await bench.billing.reserve(call);
  await bench.billing.settle(usageOf(call, { inputTokens: 90, cachedInputTokens: 20, outputTokens: 30 }));
}

/** What the cheapest bookkeeping would be: one counter, no history, no promise. */
async function bareUpdate(userId: string): Promise<void> {
  await bench.prisma.$executeRaw`UPDATE credit_accounts SET allowance_nano_usd = allowance_nano_usd + 1 WHERE user_id = ${userId}`;
}

interface Measured {
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

async function measure(durationMs: number, work: (index: number) => Promise<void>): Promise<Measured> {
  const latencies: number[] = [];
  const startedAt = performance.now();
  let index = 0;
  const worker = async (): Promise<void> => {
    while (performance.now() - startedAt < durationMs) {
      const beganAt = performance.now();
      await work(index++);
      latencies.push(performance.now() - beganAt);
    }
  };
  await Promise.all(Array.from({ length: WORKERS }, worker));
  const seconds = (performance.now() - startedAt) / 1_000;
  latencies.sort((a, b) => a - b);
  const at = (share: number): number => latencies[Math.floor(latencies.length * share)] ?? 0;
  return { perSecond: latencies.length / seconds, p50Ms: at(0.5), p99Ms: at(0.99) };
}

function rate({ perSecond, p50Ms, p99Ms }: Measured): string {
  return `${perSecond.toFixed(0).padStart(6)}/s (p50 ${p50Ms.toFixed(1)} ms, p99 ${p99Ms.toFixed(1)} ms)`;
}
