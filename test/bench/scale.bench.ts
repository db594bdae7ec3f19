import { startQuietApp } from '../support/chat/quiet-app.js';
import { type ExecutedPlan, recordPlans } from '../support/scale/executed-plans.js';
import { createOperations, jobs, type Operation } from '../support/scale/operations.js';
import { describeScan, findSlowScans } from '../support/scale/plan-rules.js';
import { makeDue, seedVolume, type Volume } from '../support/scale/seed-volume.js';
import type { TestApp } from '../support/test-app.js';
import { createPostgresqlDatabase, openTestDatabase, postgresqlUrl, type TestDatabase } from '../support/test-database.js';

// Run by: TEST_DATABASE_URL=postgres://… npm test -- --testMatch '<rootDir>/test/bench/scale.bench.ts'
// What people and the timetable do all the time, on a small database and on a large one in turns: the ratio says what size costs,
// whatever the machine. Where others work on it too, the fastest of all rounds says more than the median.
// Then the same with the server saying how it executed each statement.
const SMALL: Volume = { conversations: 100, users: 100, longConversationMessages: 120, activeRuns: 5 };
const LARGE: Volume = { conversations: Number(process.env.BENCH_RUNS ?? 100_000), users: 10_000, longConversationMessages: 2_000, activeRuns: 500 };
const ROUNDS = Number(process.env.BENCH_ROUNDS ?? 25);
const ENVIRONMENT = { SIGNUP_CREDITS: '1000000', LIMIT_MODEL_TOKENS_PER_MINUTE: '1000000000', LIMIT_MODEL_MAX_CALLS_PER_SESSION: '100000' };

/** Almost everything is due, and a pass takes a little of it. */
const BACKLOG_ROUNDS = 5;
const BACKLOG = {
  ...ENVIRONMENT,
  LIMIT_RETENTION_CHAT_DAYS: '1',
  LIMIT_RETENTION_SESSION_INACTIVE_HOURS: '1',
  LIMIT_RETENTION_INCIDENT_DAYS: '1',
  LIMIT_BILLING_MONTHLY_ALLOWANCE_CREDITS: '1',
  LIMIT_MAINTENANCE_BATCH_SIZE: '10',
  LIMIT_MAINTENANCE_MAX_BATCHES_PER_PASS: '1',
};
const CLEAN_UPS = ['inactive-sessions', 'chat-retention', 'incident-retention', 'expired-idempotency-keys', 'expired-holds', 'monthly-allowance'].map((name) => `job ${name}`);

let small: TestDatabase;
let large: TestDatabase;

beforeAll(async () => {
  if (!postgresqlUrl) throw new Error('Set TEST_DATABASE_URL: an embedded database is not meant for this many rows.');
  small = await seeded(postgresqlUrl, SMALL);
  large = await seeded(postgresqlUrl, LARGE);
  print(`${LARGE.conversations * 10} messages and ${LARGE.conversations} runs, next to ${SMALL.conversations * 10} and ${SMALL.conversations}`);
}, 900_000);

afterAll(async () => {
  for (const database of [small, large]) await database?.close();
}, 60_000);

it('keeps its speed', () => compare(ENVIRONMENT, ROUNDS, createOperations), 900_000);
it('reads little more than it answers with', () => explain(ENVIRONMENT, createOperations), 300_000);

describe('with everything due', () => {
  beforeAll(async () => {
    for (const database of [small, large]) await makeDue(database.url as string);
  }, 300_000);

  const cleanUps = (lomu: TestApp): Operation[] => jobs(lomu).filter(({ name }) => CLEAN_UPS.includes(name));
  it('keeps the speed of a pass', () => compare(BACKLOG, BACKLOG_ROUNDS, cleanUps), 300_000);
  it('reads little more than it deletes', () => explain(BACKLOG, cleanUps), 300_000);
});

async function seeded(serverUrl: string, volume: Volume): Promise<TestDatabase> {
  const database = await createPostgresqlDatabase(serverUrl);
  await seedVolume(database.url as string, volume);
  return database;
}

type Choose = (lomu: TestApp) => Operation[] | Promise<Operation[]>;

async function compare(environment: Readonly<Record<string, string>>, rounds: number, choose: Choose): Promise<void> {
  const apps = [await startQuietApp({ environment, database: small }), await startQuietApp({ environment, database: large })] as const;
  const [ofSmall, ofLarge] = [await choose(apps[0]), await choose(apps[1])];
  print(`\n${rounds} rounds`.padEnd(52) + 'median: small    large  ratio    fastest: small    large  ratio');
  for (const [index, operation] of ofSmall.entries()) {
    const pair = [operation, ofLarge[index] as Operation] as const;
    const times: [number[], number[]] = [[], []];
    for (let round = -1; round < rounds; round++) {
      for (const size of round % 2 === 0 ? ([0, 1] as const) : ([1, 0] as const)) {
        const elapsedMs = await time(pair[size]);
        if (round >= 0) times[size].push(elapsedMs); // the first round warms up
      }
    }
    print(operation.name.padEnd(50) + beside(times.map(median)) + '       ' + beside(times.map((values) => Math.min(...values))));
  }
  for (const lomu of apps) await lomu.close();
}

async function explain(environment: Readonly<Record<string, string>>, choose: Choose): Promise<void> {
  const recorder = recordPlans(large.url as string);
  const database = await openTestDatabase(recorder.url);
  const lomu = await startQuietApp({ environment, database });
  const slow: string[] = [];
  for (const operation of await choose(lomu)) {
    const plans = await recorder.during(() => time(operation));
    print(`\n${operation.name}\n${plans.map(describePlan).join('')}`);
    slow.push(...findSlowScans(operation.name, plans));
  }
  await lomu.close();
  await database.close();
  recorder.close();
  expect(slow).toEqual([]);
}

async function time({ run, settle }: Operation): Promise<number> {
  const startedAt = performance.now();
  await run();
  const elapsed = performance.now() - startedAt;
  await settle?.();
  return elapsed;
}

function describePlan({ sql, scans }: ExecutedPlan): string {
  if (scans.length === 0) return '';
  return `  ${sql.slice(0, 130)}\n${scans.map((scan) => `      ${describeScan(scan)}\n`).join('')}`;
}

function beside([smallMs = NaN, largeMs = NaN]: number[]): string {
  return `${smallMs.toFixed(1).padStart(8)} ${largeMs.toFixed(1).padStart(8)} ms  ${(largeMs / smallMs).toFixed(2)}`;
}

function median(values: number[]): number {
  return values.sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
