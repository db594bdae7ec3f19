import 'reflect-metadata';
import { before, createReportBench, HOUR_MS, type ReportBench } from './report-bench.js';
import { seedRuns, seedToolCalls } from './seed-runs.js';

let bench: ReportBench;
beforeAll(async () => {
  bench = await createReportBench();
});
afterEach(() => bench.clear());
afterAll(() => bench.database.close());

const NOTHING = {
  totalRequests: 0,
  completed: 0,
  failed: 0,
  cancelled: 0,
  successRate: null,
  errorRate: null,
  averageResponseTime: null,
  averageTokensPerRequest: null,
  averageStreamingSpeed: null,
  percentiles: { responseTimeMs: { p50: null, p95: null, p99: null }, timeToFirstTokenMs: { p50: null, p95: null, p99: null } },
  tokens: { input: 0, cachedInput: 0, output: 0, reasoning: 0, total: 0 },
  credits: 0,
  creditsNanoUsd: '0',
};

describe('the report', () => {
  it('of an empty window has zeros and nulls, never NaN', async () => {
    const report = await bench.reports.report(24, null);
    expect(report).toMatchObject({ ...NOTHING, previous: NOTHING, errorCounts: {} });
    expect(report.intentDistribution).toEqual({ casual: 0, search: 0, analysis: 0, fix: 0, refactor: 0, default: 0 });
    expect(report.last24hMetrics).toHaveLength(24);
    expect(report.last24hMetrics.every((hour) => hour.totalRequests === 0 && hour.successRate === null)).toBe(true);
    expect(new Set(Object.values(report.change))).toEqual(new Set([null]));
    expect(JSON.stringify(report)).not.toMatch(/NaN|Infinity/);
  });

  it('adds up what was worked out by hand', async () => {
    await seedRuns(bench.database.prisma, [
      { finishedAt: before(10 * 60_000), intent: 'fix', durationMs: 1_000, timeToFirstTokenMs: 100, tokensPerSecond: 10, inputTokens: 700, cachedInputTokens: 400, outputTokens: 200, reasoningTokens: 100, chargedNanoUsd: 1_500_000n },
      { finishedAt: before(20 * 60_000), intent: 'fix', durationMs: 3_000, timeToFirstTokenMs: 300, tokensPerSecond: 20, inputTokens: 90, outputTokens: 10, chargedNanoUsd: 500_001n },
      { finishedAt: before(30 * 60_000), intent: 'search', durationMs: 8_000, status: 'failed', failurePattern: 'rate_limit', error: { code: 'model_error' } },
      // Cancelled by a person: a request with tokens and costs, yet neither success nor failure, nor a response time.
      { finishedAt: before(40 * 60_000), intent: 'search', durationMs: 600_000, status: 'cancelled', inputTokens: 100, timeToFirstTokenMs: 200, chargedNanoUsd: 1n },
      // Still going on.
      { finishedAt: null, status: 'running', inputTokens: 1_000_000, createdAt: before(60_000) },
    ]);
    expect(await bench.reports.report(1, null)).toMatchObject({
      window: { from: '2026-11-22T11:30:00.000Z', to: '2026-11-22T12:30:00.000Z', hours: 1 },
      totalRequests: 4,
      completed: 2,
      failed: 1,
      cancelled: 1,
      successRate: 2 / 3,
      errorRate: 1 / 3,
      averageResponseTime: 4_000,
      averageTokensPerRequest: 300,
      averageStreamingSpeed: 15,
      percentiles: { responseTimeMs: { p50: 3_000, p95: 8_000, p99: 8_000 }, timeToFirstTokenMs: { p50: 200, p95: 300, p99: 300 } },
      tokens: { input: 890, cachedInput: 400, output: 210, reasoning: 100, total: 1_200 },
      credits: 2.000002,
      creditsNanoUsd: '2000002',
      errorCounts: { rate_limit: 1 },
      intentDistribution: { casual: 0, search: 2, analysis: 0, fix: 2, refactor: 0, default: 0 },
      previous: NOTHING,
    });
  });

  it('takes in the first millisecond of its window and leaves out the last: that one is the next window’s', async () => {
    await seedRuns(bench.database.prisma, [
      { finishedAt: before(HOUR_MS), durationMs: 1 },
      { finishedAt: before(HOUR_MS + 1), durationMs: 2 },
      { finishedAt: before(0), durationMs: 4 },
      { finishedAt: before(2 * HOUR_MS), durationMs: 8 },
      { finishedAt: before(2 * HOUR_MS + 1), durationMs: 16 },
    ]);
    const report = await bench.reports.report(1, null);
    expect([report.totalRequests, report.averageResponseTime]).toEqual([1, 1]);
    expect([report.previous.totalRequests, report.previous.averageResponseTime]).toEqual([2, 5]);
  });

  it('gives percentiles by nearest rank', async () => {
    await seedRuns(
      bench.database.prisma,
      Array.from({ length: 200 }, (_, index) => ({ finishedAt: before(1_000 + index), durationMs: ((index * 37) % 200) + 1 })), // 1 to 200, shuffled
    );
    const { percentiles } = await bench.reports.report(1, null);
    expect(percentiles.responseTimeMs).toEqual({ p50: 100, p95: 190, p99: 198 });
    expect(percentiles.timeToFirstTokenMs).toEqual({ p50: null, p95: null, p99: null });
  });

  it('compares with the window before', async () => {
    await seedRuns(bench.database.prisma, [
      ...[1, 2, 3].map((minute) => ({ finishedAt: before(minute * 60_000), durationMs: 150, chargedNanoUsd: 1_000_000n })),
      ...[1, 2].map((minute) => ({ finishedAt: before(HOUR_MS + minute * 60_000), durationMs: 100, chargedNanoUsd: 2_000_000n })),
    ]);
    const { change } = await bench.reports.report(1, null);
    expect(change).toEqual({
      totalRequests: 0.5,
      successRate: 0,
      errorRate: null, // nothing failed before, so there is no "times as many"
      averageResponseTime: 0.5,
      averageTokensPerRequest: null,
      averageStreamingSpeed: null,
      p95ResponseTime: 0.5,
      p95TimeToFirstToken: null,
      credits: -0.25,
    });
  });

  it('names failures by pattern, else by error code, else unknown, and bounds the names', async () => {
    const failed = { status: 'failed', finishedAt: before(1_000) };
    await seedRuns(bench.database.prisma, [
      ...[1, 2, 3].map(() => ({ ...failed, failurePattern: 'rate_limit', error: { code: 'model_error' } })),
      ...[1, 2].map(() => ({ ...failed, error: { code: 'insufficient_credits' } })),
      failed,
      { ...failed, failurePattern: 'rare_one' },
      { status: 'completed', finishedAt: before(1_000), failurePattern: 'recovered_from' },
    ]);
    expect((await bench.reports.report(1, null)).errorCounts).toEqual({ rate_limit: 3, insufficient_credits: 2, rare_one: 1, unknown: 1 });
    bench.limits['metrics.maxGroups'] = 2;
    expect((await bench.reports.report(1, null)).errorCounts).toEqual({ rate_limit: 3, insufficient_credits: 2, other: 2 });
  });

  it('of one user has nothing of another’s in any of its parts', async () => {
    await seedRuns(bench.database.prisma, [
      { userId: 'alice', finishedAt: before(60_000), durationMs: 10 },
      { userId: 'bob', finishedAt: before(60_000), durationMs: 99_999, status: 'failed', failurePattern: 'rate_limit', intent: 'fix' },
      { userId: 'bob', finishedAt: before(HOUR_MS + 60_000), durationMs: 99_999 },
    ]);
    const report = await bench.reports.report(1, 'alice');
    expect(report).toMatchObject({ totalRequests: 1, averageResponseTime: 10, errorCounts: {}, previous: NOTHING });
    expect(report.intentDistribution.fix).toBe(0);
    expect(report.last24hMetrics.reduce((sum, hour) => sum + hour.totalRequests, 0)).toBe(1);
    expect((await bench.reports.report(1, null)).totalRequests).toBe(2);
  });

  it('shows the last 24 hours hour by hour, whatever the window', async () => {
    await seedRuns(bench.database.prisma, [
      { finishedAt: new Date(Date.UTC(2026, 10, 22, 12, 0)), durationMs: 10 },
      { finishedAt: new Date(Date.UTC(2026, 10, 22, 11, 59, 59, 999)), durationMs: 30 },
      { finishedAt: new Date(Date.UTC(2026, 10, 21, 13, 0)), durationMs: 50 },
      { finishedAt: new Date(Date.UTC(2026, 10, 21, 12, 59)), durationMs: 70 }, // an hour too early
    ]);
    const { last24hMetrics, totalRequests } = await bench.reports.report(1, null);
    expect(totalRequests).toBe(2);
    expect(last24hMetrics).toHaveLength(24);
    expect(last24hMetrics.filter((hour) => hour.totalRequests > 0).map((hour) => [hour.at, hour.averageResponseTime])).toEqual([
      ['2026-11-21T13:00:00.000Z', 50],
      ['2026-11-22T11:00:00.000Z', 30],
      ['2026-11-22T12:00:00.000Z', 10],
    ]);
  });

  it('refuses a window past its limit', async () => {
    bench.limits['metrics.maxWindowHours'] = 48;
    await expect(bench.reports.report(49, null)).rejects.toMatchObject({ code: 'validation_failed', message: expect.stringContaining('metrics.maxWindowHours') });
    await expect(bench.reports.report(48, null)).resolves.toBeDefined();
  });
});

describe('the time series', () => {
  const minutes = (count: number): number => count * 60_000;

  it('has a point for every bucket, each from its first millisecond to before the next', async () => {
    await seedRuns(bench.database.prisma, [
      { finishedAt: new Date(Date.UTC(2026, 10, 22, 12, 0, 0, 0)), durationMs: 1 },
      { finishedAt: new Date(Date.UTC(2026, 10, 22, 12, 14, 59, 999)), durationMs: 3 },
      { finishedAt: new Date(Date.UTC(2026, 10, 22, 12, 15, 0, 0)), durationMs: 7 },
    ]);
    const { series, from, bucketMs } = await bench.timeSeries.series({ windowMs: minutes(60), bucketMs: minutes(15) }, null);
    expect([from, bucketMs]).toEqual(['2026-11-22T11:30:00.000Z', minutes(15)]);
    expect(series).toHaveLength(1);
    expect(series[0]?.points.map(({ at, totalRequests, averageResponseTime }) => [at.slice(11, 16), totalRequests, averageResponseTime])).toEqual([
      ['11:30', 0, null],
      ['11:45', 0, null],
      ['12:00', 2, 2],
      ['12:15', 1, 7],
    ]);
  });

  it('begins with a whole bucket, so that the first point is not too low', async () => {
    await seedRuns(bench.database.prisma, [{ finishedAt: new Date(Date.UTC(2026, 10, 22, 11, 1)) }]);
    const { series, from } = await bench.timeSeries.series({ windowMs: minutes(60), bucketMs: minutes(60) }, null);
    expect(from).toBe('2026-11-22T11:00:00.000Z');
    expect(series[0]?.points.map(({ totalRequests }) => totalRequests)).toEqual([1, 0]);
  });

  it('groups by experiment arm; a run in two arms shows in both, one without in none', async () => {
    const finishedAt = before(1_000);
    await seedRuns(bench.database.prisma, [
      { finishedAt, experimentArms: [{ experimentId: 'e1', arm: 'control' }, { experimentId: 'e2', arm: 'b' }] },
      { finishedAt, experimentArms: [{ experimentId: 'e1', arm: 'control' }] },
      { finishedAt },
    ]);
    expect(await countsByGroup('arm')).toEqual({ 'e1/control': 2, 'e2/b': 1, none: 1 });
  });

  it('groups by model, intent, status and pattern, and puts the rare ones together', async () => {
    const finishedAt = before(1_000);
    await seedRuns(bench.database.prisma, [
      ...[1, 2, 3].map(() => ({ finishedAt, model: 'm/often', durationMs: 10 })),
      ...[1, 2].map(() => ({ finishedAt, model: 'm/sometimes', durationMs: 20, intent: 'fix' })),
      { finishedAt, model: 'm/rare', durationMs: 30, status: 'failed', failurePattern: 'timeout' },
      { finishedAt, model: 'm/rarer', durationMs: 50, status: 'cancelled' },
    ]);
    expect(await countsByGroup('model')).toEqual({ 'm/often': 3, 'm/rare': 1, 'm/rarer': 1, 'm/sometimes': 2 });
    expect(await countsByGroup('intent')).toEqual({ default: 5, fix: 2 });
    expect(await countsByGroup('status')).toEqual({ cancelled: 1, completed: 5, failed: 1 });
    expect(await countsByGroup('pattern')).toEqual({ none: 6, timeout: 1 });
    bench.limits['metrics.maxGroups'] = 2;
    expect(await countsByGroup('model')).toEqual({ 'm/often': 3, 'm/sometimes': 2, other: 2 });
  });

  it('refuses more buckets than its limit, and chooses fewer by itself', async () => {
    await expect(bench.timeSeries.series({ windowMs: 24 * HOUR_MS, bucketMs: minutes(1) }, null)).rejects.toMatchObject({ code: 'validation_failed' });
    const { series } = await bench.timeSeries.series({ windowMs: 720 * HOUR_MS }, null);
    expect(series[0]?.points.length).toBeGreaterThan(60);
    expect(series[0]?.points.length).toBeLessThanOrEqual(121);
  });

  async function countsByGroup(groupBy: 'arm' | 'model' | 'intent' | 'status' | 'pattern'): Promise<Record<string, number>> {
    const { series } = await bench.timeSeries.series({ windowMs: HOUR_MS, bucketMs: HOUR_MS, groupBy }, null);
    return Object.fromEntries(series.map(({ group, points }) => [group, points.reduce((sum, point) => sum + point.totalRequests, 0)]));
  }
});

describe('the tool report', () => {
  it('counts calls that have ended, per tool, with their errors', async () => {
    const [own = '', others = ''] = await seedRuns(bench.database.prisma, [{ finishedAt: before(1_000) }, { finishedAt: before(1_000), userId: 'bob' }]);
    const call = { runId: own, createdAt: before(2_000) };
    await seedToolCalls(bench.database.prisma, [
      { ...call, name: 'read_file', durationMs: 10 },
      { ...call, name: 'read_file', durationMs: 30, errorCode: 'not_found' },
      { ...call, name: 'read_file', durationMs: 20, errorCode: 'timeout' },
      { ...call, name: 'read_file', durationMs: 0, isUnfinished: true },
      { ...call, name: 'read_file', durationMs: 5, createdAt: before(HOUR_MS + 1) },
      { ...call, name: 'edit_file', durationMs: 7 },
    ]);
    await seedToolCalls(bench.database.prisma, [{ runId: others, createdAt: before(2_000), name: 'read_file', durationMs: 1_000 }]);
    expect(await bench.tools.tools(1, 'alice')).toEqual([
      { name: 'read_file', calls: 3, failed: 2, errorRate: 2 / 3, averageDurationMs: 20, p95DurationMs: 30, errorCounts: { not_found: 1, timeout: 1 } },
      { name: 'edit_file', calls: 1, failed: 0, errorRate: 0, averageDurationMs: 7, p95DurationMs: 7, errorCounts: {} },
    ]);
    expect((await bench.tools.tools(1, null))[0]).toMatchObject({ name: 'read_file', calls: 4 });
    bench.limits['metrics.maxGroups'] = 1;
    expect(await bench.tools.tools(1, null)).toHaveLength(1);
  });
});
