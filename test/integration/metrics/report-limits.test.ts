import 'reflect-metadata';
import type { LimitKey } from '../../../src/limits/index.js';
import type { AlertFacts } from '../../../src/metrics/alerts/alert-facts.service.js';
import { ALERT_RULES, type AlertRule } from '../../../src/metrics/alerts/alert-rules.js';
import { evaluateAlert } from '../../../src/metrics/alerts/evaluate-alert.js';
import { before, createReportBench, HOUR_MS, NOW, type ReportBench } from './report-bench.js';
import { type SeededRun, seedRuns } from './seed-runs.js';

let bench: ReportBench;
beforeAll(async () => {
  bench = await createReportBench();
});
afterEach(() => bench.clear());
afterAll(() => bench.database.close());

const runs = (count: number, run: Partial<SeededRun>): SeededRun[] => Array.from({ length: count }, () => ({ finishedAt: before(60_000), ...run }));
const outcome = (work: Promise<unknown>): Promise<string> => work.then(() => 'ok', (error: { code: string }) => error.code);

describe('reports', () => {
  it('metrics.maxWindowHours: a window of that many hours is answered, a longer one refused', async () => {
    bench.limits['metrics.maxWindowHours'] = 48;
    expect(await Promise.all([47, 48, 49].map((hours) => outcome(bench.reports.report(hours, null))))).toEqual(['ok', 'ok', 'validation_failed']);
  });

  it('metrics.maxBuckets: that many buckets are answered, one more is refused', async () => {
    bench.limits['metrics.maxBuckets'] = 30;
    const series = (buckets: number) => bench.timeSeries.series({ windowMs: buckets * 60_000, bucketMs: 60_000 }, null);
    expect(await Promise.all([29, 30, 31].map((buckets) => outcome(series(buckets))))).toEqual(['ok', 'ok', 'validation_failed']);
  });

  it('metrics.maxGroups: that many are told apart, the rarer ones are put together', async () => {
    await seedRuns(bench.database.prisma, ['a', 'b', 'c'].flatMap((pattern, index) => runs(3 - index, { status: 'failed', failurePattern: pattern })));
    const groups = async (maxGroups: number): Promise<object> => {
      bench.limits['metrics.maxGroups'] = maxGroups;
      return (await bench.reports.report(1, null)).errorCounts;
    };
    expect([await groups(2), await groups(3), await groups(4)]).toEqual([{ a: 3, b: 2, other: 1 }, { a: 3, b: 2, c: 1 }, { a: 3, b: 2, c: 1 }]);
  });
});

describe('alerts', () => {
  it('alert.eventLoopDelayMs: fires above it, not at it and not below', async () => {
    const facts = { runs: { completed: 0, failed: 0 }, eventLoopDelayMs: 100 } as unknown as AlertFacts;
    const rule = ALERT_RULES.find(({ threshold }) => threshold === 'alert.eventLoopDelayMs') as AlertRule;
    expect([99, 100, 101].map((threshold) => evaluateAlert(rule, facts, threshold, 5).state)).toEqual(['firing', 'ok', 'ok']);
  });

  const stateOf = async (id: string): Promise<string | undefined> => (await bench.alerts.evaluate()).items.find((alert) => alert.id === id)?.state;

  it.each<[LimitKey, string, number, SeededRun[]]>([
    ['alert.errorRatePercent', 'error_rate_high', 20, [...runs(8, {}), ...runs(2, { status: 'failed' })]],
    ['alert.averageResponseMs', 'response_slow', 2_000, runs(5, { durationMs: 2_000 })],
    ['alert.averageTokens', 'tokens_high', 700, runs(5, { inputTokens: 700, chargedNanoUsd: 1n })],
    ['alert.firstTokenP95Ms', 'first_token_slow', 300, runs(5, { timeToFirstTokenMs: 300 })],
    ['alert.queuedMs', 'queue_waiting', 5_000, [{ finishedAt: null, status: 'queued', createdAt: before(5_000) }]],
  ])('%s: fires above it, not at it and not below', async (key, id, value, seeded) => {
    await seedRuns(bench.database.prisma, seeded);
    const states: (string | undefined)[] = [];
    for (const threshold of [value - 1, value, value + 1]) {
      bench.limits[key] = threshold;
      states.push(await stateOf(id));
    }
    expect(states).toEqual(['firing', 'ok', 'ok']);
  });

  it('alert.minRuns: fewer runs than that raise nothing', async () => {
    await seedRuns(bench.database.prisma, runs(6, { status: 'failed' }));
    const states: (string | undefined)[] = [];
    for (const minRuns of [5, 6, 7]) {
      bench.limits['alert.minRuns'] = minRuns;
      states.push(await stateOf('error_rate_high'));
    }
    expect(states).toEqual(['firing', 'firing', 'no_data']);
  });

  it('alert.windowMs: runs before it do not count', async () => {
    await seedRuns(bench.database.prisma, runs(5, { finishedAt: new Date(NOW - 2 * HOUR_MS), status: 'failed' }));
    const states: (string | undefined)[] = [];
    for (const windowMs of [2 * HOUR_MS - 1, 2 * HOUR_MS, 2 * HOUR_MS + 1]) {
      bench.limits['alert.windowMs'] = windowMs;
      states.push(await stateOf('error_rate_high'));
    }
    expect(states).toEqual(['no_data', 'firing', 'firing']);
  });
});
