import 'reflect-metadata';
import { newId } from '../../../src/common/index.js';
import type { FailurePatternKey } from '../../../src/failure-detection/index.js';
import { before, createReportBench, HOUR_MS, type ReportBench } from './report-bench.js';
import { seedRuns } from './seed-runs.js';

let bench: ReportBench;
beforeAll(async () => {
  bench = await createReportBench();
});
afterEach(() => bench.clear());
afterAll(() => bench.database.close());

describe('the built-in alerts', () => {
  const finishedAt = before(60_000);
  const states = async (): Promise<Record<string, string>> => Object.fromEntries((await bench.alerts.evaluate()).items.map(({ id, state }) => [id, state]));

  it('are silent, and say so, when nothing has happened', async () => {
    expect(await states()).toEqual({
      error_rate_high: 'no_data',
      response_slow: 'no_data',
      first_token_slow: 'no_data',
      tokens_high: 'no_data',
      zero_cost_usage: 'ok',
      model_out_of_order: 'ok',
      ledger_imbalance: 'no_data',
      queue_waiting: 'ok',
      jobs_failing: 'ok',
      jobs_stale: 'ok',
      event_loop_slow: expect.stringMatching(/^(ok|no_data)$/),
    });
  });

  it.each<[string, object, object]>([
    ['error_rate_high', { status: 'failed' }, {}],
    ['response_slow', { durationMs: 60_001 }, { durationMs: 60_000 }],
    ['first_token_slow', { timeToFirstTokenMs: 5_001 }, { timeToFirstTokenMs: 5_000 }],
    ['tokens_high', { inputTokens: 100_001, chargedNanoUsd: 1n }, { inputTokens: 100_000, chargedNanoUsd: 1n }],
  ])('%s fires past its threshold, not at it, and not over a handful of runs', async (id, past, at) => {
    const seed = (count: number, run: object): Promise<string[]> => seedRuns(bench.database.prisma, Array.from({ length: count }, () => ({ finishedAt, ...run })));
    await seed(4, past);
    expect((await states())[id]).toBe('no_data');
    await seed(1, past);
    expect((await states())[id]).toBe('firing');
    expect((await bench.alerts.evaluate()).items[0]?.state).toBe('firing');
    await bench.database.prisma.conversation.deleteMany();
    await seed(5, at);
    expect((await states())[id]).toBe('ok');
  });

  it('error_rate_high stays silent at exactly 10 %', async () => {
    await seedRuns(bench.database.prisma, Array.from({ length: 10 }, (_, index) => ({ finishedAt, status: index === 0 ? 'failed' : 'completed' })));
    expect((await bench.alerts.evaluate()).items.find(({ id }) => id === 'error_rate_high')).toMatchObject({ state: 'ok', value: 10, threshold: 10, limit: 'alert.errorRatePercent' });
  });

  it('follow a changed threshold', async () => {
    await seedRuns(bench.database.prisma, Array.from({ length: 5 }, () => ({ finishedAt, durationMs: 2_000 })));
    expect((await states()).response_slow).toBe('ok');
    bench.limits['alert.averageResponseMs'] = 1_000;
    expect((await states()).response_slow).toBe('firing');
  });

  it('look at their window alone', async () => {
    await seedRuns(bench.database.prisma, Array.from({ length: 9 }, () => ({ finishedAt: before(HOUR_MS + 1), status: 'failed' })));
    expect((await states()).error_rate_high).toBe('no_data');
  });

  it('zero_cost_usage fires for one run of a paid model, not for the offline planner or a run without tokens', async () => {
    await seedRuns(bench.database.prisma, [
      { finishedAt, model: 'offline/planner', inputTokens: 500 },
      { finishedAt, model: 'gemini/gemini-3.6-flash' },
      { finishedAt, model: 'gemini/gemini-3.6-flash', inputTokens: 500, chargedNanoUsd: 1n },
    ]);
    expect((await states()).zero_cost_usage).toBe('ok');
    await seedRuns(bench.database.prisma, [{ finishedAt, model: 'gemini/gemini-3.6-flash', inputTokens: 500 }]);
    expect((await states()).zero_cost_usage).toBe('firing');
  });

  it('model_out_of_order fires when a run was refused a model set aside, and not for other failures or long ago', async () => {
    const [runId = ''] = await seedRuns(bench.database.prisma, [{ finishedAt }]);
    const meet = (pattern: FailurePatternKey, createdAt: Date) =>
      bench.database.prisma.failureIncident.create({
        data: { id: newId(), runId, userId: 'alice', iteration: 1, attempt: 1, pattern, category: 'model', severity: 'high', strategy: 'retry', action: {}, detail: '', outcome: 'open', createdAt },
      });
    await meet('overloaded', finishedAt);
    await meet('model_set_aside', before(HOUR_MS + 1));
    expect((await states()).model_out_of_order).toBe('ok');
    for (let time = 0; time < 2; time++) await meet('model_set_aside', finishedAt);
    expect((await bench.alerts.evaluate()).items.find(({ id }) => id === 'model_out_of_order')).toMatchObject({ state: 'firing', value: 1 });
  });

  it('queue_waiting fires when a run has waited over a minute', async () => {
    await seedRuns(bench.database.prisma, [{ finishedAt: null, status: 'queued', createdAt: before(60_000) }]);
    expect((await states()).queue_waiting).toBe('ok');
    await seedRuns(bench.database.prisma, [{ finishedAt: null, status: 'queued', createdAt: before(60_001) }]);
    expect((await states()).queue_waiting).toBe('firing');
  });

  it('ledger_imbalance fires when balances and ledger differed when last recounted', async () => {
    const check = (differenceNanoUsd: bigint) => bench.database.prisma.ledgerCheck.upsert({ where: { id: 'latest' }, create: { id: 'latest', differenceNanoUsd, checkedAt: before(0) }, update: { differenceNanoUsd } });
    await check(1n);
    expect((await bench.alerts.evaluate()).items[0]).toMatchObject({ id: 'ledger_imbalance', state: 'firing', value: 1e-9, unit: 'dollars' });
    await check(0n);
    expect((await states()).ledger_imbalance).toBe('ok');
  });

  it('alert.jobSlackMs: jobs_stale fires when a job has had no pass for two of its intervals and it, and grants a booted instance as much', async () => {
    await bench.database.prisma.maintenanceJob.create({ data: { name: 'chat_retention', intervalMs: 60_000, lastFinishedAt: before(HOUR_MS) } });
    expect((await states()).jobs_stale).toBe('ok');
    await bench.clock.advance(240_000); // two minutes of slack
    expect((await states()).jobs_stale).toBe('ok');
    await bench.clock.advance(1);
    expect((await states()).jobs_stale).toBe('firing');
    await bench.database.prisma.maintenanceJob.updateMany({ data: { lastFinishedAt: new Date(bench.clock.now()) } });
    expect((await states()).jobs_stale).toBe('ok');
  });

  it('jobs_failing fires while the last pass of a job failed', async () => {
    await bench.database.prisma.maintenanceJob.create({ data: { name: 'chat_retention', lastOutcome: 'failed' } });
    expect((await states()).jobs_failing).toBe('firing');
    await bench.database.prisma.maintenanceJob.updateMany({ data: { lastOutcome: 'completed' } });
    expect((await states()).jobs_failing).toBe('ok');
  });
});
