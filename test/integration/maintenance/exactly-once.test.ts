import { CLOCK, type Clock } from '../../../src/common/index.js';
import { type JobPass, JobRunner } from '../../../src/maintenance/job-runner.js';
import { type ScheduledJob, SCHEDULED_JOBS } from '../../../src/maintenance/scheduled-job.js';
import { startQuietApp } from '../../support/chat/quiet-app.js';
import { DUE, JOB_SCENARIOS, type JobScenario } from '../../support/maintenance/job-scenarios.js';
import type { TestApp } from '../../support/test-app.js';
import { createTestDatabase, type TestDatabase } from '../../support/test-database.js';

/** Batches are small, so that everything below happens in the middle of a job's work. */
const BATCH = 2;
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

let database: TestDatabase;
let a: TestApp;
let b: TestApp;
let clockOffsetMs = 0;

beforeAll(async () => {
  database = await createTestDatabase();
  const environment = { LIMIT_MAINTENANCE_BATCH_SIZE: String(BATCH), LIMIT_BILLING_MONTHLY_ALLOWANCE_CREDITS: '10', LIMIT_EXPERIMENT_GUARDRAIL_MIN_USERS: '10', SANDBOX: 'off' };
  a = await startQuietApp({ database, environment });
  b = await startQuietApp({ database, environment: { ...environment, WORKSPACES_DIR: a.config.workspaces.directory } });
  for (const { app } of [a, b]) {
    const clock = app.get<Clock>(CLOCK);
    clock.now = () => Date.now() + clockOffsetMs;
  }
});
afterAll(async () => {
  await a.close();
  await b.close();
  await database.close();
});
afterEach(() => {
  clockOffsetMs = 0;
});

function jobOf({ app }: TestApp, name: string): ScheduledJob {
  const job = app.get<ScheduledJob[]>(SCHEDULED_JOBS).find((candidate) => candidate.name === name);
  if (!job) throw new Error(`There is no job ${name}.`);
  return job;
}

/** Everything there is to do, without the lock. @returns how many rows */
async function work(job: ScheduledJob): Promise<number> {
  let rows = 0;
  for (let hasMore = true; hasMore; ) {
    const batch = await job.runBatch(BATCH);
    rows += batch.rows;
    hasMore = batch.hasMore;
  }
  return rows;
}

/** Passes as the timetable makes them, until nothing is left. */
async function passes({ app }: TestApp, name: string): Promise<JobPass[]> {
  const made: JobPass[] = [];
  do made.push(await app.get(JobRunner).run(jobOf({ app } as TestApp, name)));
  while (made.at(-1)?.hasMore);
  return made;
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0);

/** @param act what happens to the job; returns the rows of all its passes, or undefined when they say nothing */
async function expectOnce({ job, prepare, once, countsChanges = true }: JobScenario, act: () => Promise<number | undefined>): Promise<void> {
  const effect = await prepare([a, b], () => Date.now() + clockOffsetMs);
  const rows = await act();
  expect(await effect()).toEqual(once);
  if (countsChanges && rows !== undefined) expect(rows).toBe(DUE);
  const again = sum([await work(jobOf(a, job)), await work(jobOf(b, job))]);
  if (countsChanges) expect(again).toBe(0);
  expect(await effect()).toEqual(once); // whatever comes later
}

it('every job of the application is among these', () => {
  expect(JOB_SCENARIOS.map(({ job }) => job).sort()).toEqual(a.app.get<ScheduledJob[]>(SCHEDULED_JOBS).map(({ name }) => name).sort());
});

describe.each(JOB_SCENARIOS.map((scenario) => [scenario.job, scenario] as const))('%s: the effect happens once', (name, scenario) => {
  it('when two instances fire together', () =>
    expectOnce(scenario, async () => {
      const made = (await Promise.all([passes(a, name), passes(b, name)])).flat();
      expect(made.filter(({ outcome }) => outcome === 'failed')).toEqual([]);
      expect(made.some(({ outcome }) => outcome === 'completed')).toBe(true);
      return sum(made.map(({ rows }) => rows));
    }));

  it('when it overlaps itself, on one instance and with another, because the lock did not hold', () =>
    expectOnce(scenario, async () => sum(await Promise.all([work(jobOf(a, name)), work(jobOf(a, name)), work(jobOf(b, name))]))));

  it('when its instance dies in the middle of it, and another goes on', () =>
    expectOnce(scenario, async () => {
      const dying = jobOf(a, name);
      let done = 0;
      const runBatch: ScheduledJob['runBatch'] = async (batchSize) => {
        if (done > 0) throw new Error('the process ends here');
        const batch = await dying.runBatch(batchSize);
        done = batch.rows;
        return { ...batch, hasMore: true };
      };
      await a.app.get(JobRunner).run({ ...dying, runBatch });
      const rest = sum((await passes(b, name)).map(({ rows }) => rows));
      if (dying.scope === 'instance') await work(dying); // it has begun anew, with its own memory and machine
      return done + rest;
    }));

  it.each([
    ['forwards by days', 3 * DAY_MS],
    ['backwards by an hour', -HOUR_MS],
  ])('when the clock jumps %s between its batches', (_, jumpMs) =>
    expectOnce(scenario, async () => {
      const first = await jobOf(a, name).runBatch(BATCH);
      clockOffsetMs = jumpMs;
      const rows = first.rows + (await work(jobOf(a, name))) + (await work(jobOf(b, name)));
      clockOffsetMs = 0;
      const all = rows + (await work(jobOf(a, name))) + (await work(jobOf(b, name)));
      return scenario.followsWallTime ? undefined : all;
    }),
  );
});
