import { jest } from '@jest/globals';
import { SchedulerRegistry } from '@nestjs/schedule';
import type { LimitValues } from '../../../src/limits/index.js';
import type { JobPass, JobRunner } from '../../../src/maintenance/job-runner.js';
import { JobScheduler } from '../../../src/maintenance/job-scheduler.js';
import type { ScheduledJob } from '../../../src/maintenance/scheduled-job.js';
import type { Metrics } from '../../../src/metrics/index.js';
import { FakeClock } from '../../support/fake-clock.js';
import { FixedLimits } from '../../support/streaming/fixed-limits.js';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const DAILY: ScheduledJob = { name: 'daily', description: '', cron: '0 30 3 * * *', scope: 'deployment', runBatch: async () => ({ rows: 0, hasMore: false }) };
const QUICK: ScheduledJob = { ...DAILY, name: 'quick', cron: '*/15 * * * * *' };
const DONE: JobPass = { outcome: 'completed', rows: 0, hasMore: false, durationMs: 1 };
const MORE: JobPass = { ...DONE, rows: 10, hasMore: true };

let scheduler: JobScheduler | undefined;
let registry: SchedulerRegistry;
let clock: FakeClock;
afterEach(async () => {
  await scheduler?.onModuleDestroy();
  jest.useRealTimers();
});

/** @param run answers each pass */
function start(run: (job: ScheduledJob) => JobPass | Promise<JobPass>, limits: Partial<LimitValues> = {}, jobs: readonly ScheduledJob[] = [DAILY, QUICK]): { passes: string[] } {
  const passes: string[] = [];
  const runner = {
    run: async (job: ScheduledJob) => {
      passes.push(job.name);
      return run(job);
    },
  } as unknown as JobRunner;
  registry = new SchedulerRegistry();
  clock = new FakeClock();
  scheduler = new JobScheduler(registry, runner, { set: () => undefined } as unknown as Metrics, jobs, new FixedLimits(limits), clock);
  scheduler.onApplicationBootstrap();
  return { passes };
}

async function tick(job: ScheduledJob): Promise<void> {
  await registry.getCronJob(job.name).fireOnTick();
  await clock.advance(0);
}

describe('a backlog', () => {
  it('maintenance.maxPassesInARow: is worked off in passes that follow one another up to it, and no further', async () => {
    const { passes } = start(() => MORE, { 'maintenance.maxPassesInARow': 3, 'maintenance.pauseMs': 100 });
    await tick(DAILY);
    expect(passes).toHaveLength(1);
    await clock.advance(10_000);
    expect(passes).toHaveLength(3);
    await tick(DAILY); // the next time goes on
    await clock.advance(10_000);
    expect(passes).toHaveLength(6);
  });

  it('ends them as soon as nothing is left, or a pass fails', async () => {
    const answers: JobPass[] = [MORE, MORE, DONE, { ...MORE, outcome: 'failed' }];
    const { passes } = start(() => answers.shift() as JobPass);
    await tick(DAILY);
    await clock.advance(10_000);
    expect(passes).toHaveLength(3);
    await tick(DAILY);
    await clock.advance(10_000);
    expect(passes).toHaveLength(4);
  });

  it('maintenance.pauseMs: leaves others the database for as long between two passes', async () => {
    const { passes } = start(() => MORE, { 'maintenance.maxPassesInARow': 2, 'maintenance.pauseMs': 5_000 });
    await tick(DAILY);
    await clock.advance(4_999);
    expect(passes).toHaveLength(1);
    await clock.advance(1);
    expect(passes).toHaveLength(2);
  });

  it('is left where it is when the instance stops', async () => {
    const { passes } = start(() => MORE);
    await tick(DAILY);
    await scheduler?.onModuleDestroy();
    await clock.advance(10_000);
    expect(passes).toHaveLength(1);
  });
});

describe('a pass that takes longer than the time between two', () => {
  it('stands for the next one, too, and does not queue up', async () => {
    let finish: () => void = () => undefined;
    const { passes } = start(() => new Promise((resolve) => (finish = () => resolve(DONE))));
    await tick(QUICK);
    await tick(QUICK);
    await tick(QUICK);
    expect(passes).toEqual(['quick']);
    finish();
    await clock.advance(0);
    await tick(QUICK);
    expect(passes).toEqual(['quick', 'quick']);
    finish();
  });
});

describe('when the clock of the machine jumps', () => {
  const JUMPS = [
    ['forwards by days', 3 * DAY_MS],
    ['backwards by an hour', -HOUR_MS],
  ] as const;

  it.each(JUMPS)('%s, a job of every 15 s goes on at its pace, at most one time late', async (_, jumpMs) => {
    const { passes } = startAt(Date.UTC(2026, 10, 22, 3, 29, 50), [QUICK]);
    await jest.advanceTimersByTimeAsync(5_000);
    jest.setSystemTime(Date.now() + jumpMs); // timers go on as they were, as those of Node do
    await jest.advanceTimersByTimeAsync(60_000);
    expect(passes.length).toBeGreaterThanOrEqual(3);
    expect(passes.length).toBeLessThanOrEqual(5);
  });

  it.each(JUMPS)('%s, a daily job comes once and not once for each day, and then by its timetable', async (_, jumpMs) => {
    const { passes } = startAt(Date.UTC(2026, 10, 22, 3, 29, 50), [DAILY]);
    await jest.advanceTimersByTimeAsync(5_000);
    jest.setSystemTime(Date.now() + jumpMs);
    await jest.advanceTimersByTimeAsync(2 * HOUR_MS);
    expect(passes).toHaveLength(1);
    expect(scheduler?.nextRunAt(DAILY).toISOString()).toMatch(/T03:30:00\.000Z$/);
    await jest.advanceTimersByTimeAsync(DAY_MS);
    expect(passes).toHaveLength(2);
  });
});

function startAt(now: number, jobs: readonly ScheduledJob[]): { passes: string[] } {
  jest.useFakeTimers({ now, doNotFake: ['setImmediate', 'nextTick'] });
  return start(() => DONE, {}, jobs);
}
