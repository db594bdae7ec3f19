import 'reflect-metadata';
import { SystemClock } from '../../src/common/index.js';
import type { Config } from '../../src/config/index.js';
import { LIMITS, type LimitKey, type Limits } from '../../src/limits/index.js';
import { MetricsReportService } from '../../src/metrics/report/metrics-report.service.js';
import { TimeSeriesService } from '../../src/metrics/report/time-series.service.js';
import { ToolReportService } from '../../src/metrics/report/tool-report.service.js';
import { createTestDatabase, postgresqlUrl, type TestDatabase } from '../support/test-database.js';

// Run by: TEST_DATABASE_URL=... npm test -- --testMatch '<rootDir>/test/bench/metrics.bench.ts'
const RUNS = 100_000;
const TOOL_CALLS_PER_RUN = 3;
const REPEATS = 15;

let database: TestDatabase;

beforeAll(async () => {
  database = await createTestDatabase();
  for (const statement of SEED) await database.connection.execute(statement);
}, 300_000);

afterAll(() => database.close());

it(`reports of ${RUNS} runs over 30 days`, async () => {
  const limits = { value: (key: LimitKey) => LIMITS[key].default } as unknown as Limits;
  const config = { billing: { creditValueNanoUsd: 1_000_000n } } as Config;
  const clock = new SystemClock();
  const timeSeries = new TimeSeriesService(database.prisma, clock, limits, config);
  const reports = new MetricsReportService(database.prisma, timeSeries, clock, limits, config);
  const tools = new ToolReportService(database.prisma, clock, limits);

  const report = await measure('GET /api/metrics?hours=720', () => reports.report(720, null));
  await measure('GET /api/metrics?hours=360 (two windows of half the runs)', () => reports.report(360, null));
  await measure('GET /api/metrics?hours=24', () => reports.report(24, null));
  await measure('GET /api/metrics?hours=720&scope=own', () => reports.report(720, 'user-1'));
  await measure('GET /api/metrics/timeseries?window=30d', () => timeSeries.series({ windowMs: 720 * 3_600_000 }, null));
  await measure('GET /api/metrics/timeseries?window=30d&groupBy=model', () => timeSeries.series({ windowMs: 720 * 3_600_000, groupBy: 'model' }, null));
  await measure('GET /api/metrics/tools?hours=720', () => tools.tools(720, null));
  await measure('GET /api/metrics/tools?hours=24', () => tools.tools(24, null));

  expect((await reports.report(720, null)).totalRequests).toBeGreaterThan(RUNS * 0.99);
  if (postgresqlUrl) expect(report).toBeLessThan(200); // the embedded database runs on one thread and is not meant for this many
}, 300_000);

/** @returns the median, in milliseconds */
async function measure(name: string, work: () => Promise<unknown>): Promise<number> {
  await work();
  const times: number[] = [];
  for (let repeat = 0; repeat < REPEATS; repeat++) {
    const startedAt = performance.now();
    await work();
    times.push(performance.now() - startedAt);
  }
  times.sort((a, b) => a - b);
  const at = (share: number): number => times[Math.floor((times.length - 1) * share)] ?? 0;
  process.stderr.write(`${name}: p50 ${at(0.5).toFixed(0)} ms, min ${at(0).toFixed(0)} ms, max ${at(1).toFixed(0)} ms\n`);
  return at(0.5);
}

/** Rows as wide as real ones: pinned limits, a checkpoint, tool outputs. */
const SEED = [
  `INSERT INTO conversations (id, user_id, title) SELECT gen_random_uuid(), 'user-' || n, 'seeded' FROM generate_series(1, 200) n`,
  `INSERT INTO runs (id, user_id, conversation_id, session_id, user_message_id, assistant_message_id, status, intent, model, limits, limits_revision,
     estimate, checkpoint, iterations, model_calls, tool_calls, input_tokens, output_tokens, charged_nano_usd, duration_ms, time_to_first_token_ms,
     tokens_per_second, error, failure_pattern, created_at, finished_at)
   SELECT gen_random_uuid(), c.user_id, c.id, c.id, c.id, c.id,
     CASE n % 10 WHEN 8 THEN 'failed' WHEN 9 THEN 'cancelled' ELSE 'completed' END,
     (ARRAY['casual', 'search', 'analysis', 'fix', 'refactor', 'default'])[1 + n % 6], (ARRAY['gemini/gemini-3.6-flash', 'offline/planner'])[1 + n % 2],
     l.limits, 1, '{"credits": 1}', jsonb_build_object('history', repeat(md5(n::text), 20)), 3, 3, ${TOOL_CALLS_PER_RUN},
     (random() * 50000)::int, (random() * 3000)::int, (random() * 1e8)::bigint, (random() * 60000)::int, (random() * 5000)::int, random() * 100,
     CASE WHEN n % 10 = 8 THEN '{"code": "model_error"}'::jsonb END, CASE WHEN n % 10 = 8 THEN (ARRAY['rate_limit', 'timeout', NULL])[1 + n % 3] END,
     now() - make_interval(secs => n * 25.9 + 30), now() - make_interval(secs => n * 25.9)
   FROM generate_series(0, ${RUNS - 1}) n
   JOIN (SELECT *, row_number() OVER () AS place FROM conversations) c ON c.place = 1 + n % 200
   CROSS JOIN (SELECT jsonb_object_agg('some.limit.key.' || k, k * 1000) AS limits FROM generate_series(1, 90) k) l`,
  `INSERT INTO steps (id, run_id, iteration, attempt, model, content, finish_reason, duration_ms) SELECT id, id, 1, 1, model, '[]', 'stop', 100 FROM runs`,
  `INSERT INTO tool_calls (id, run_id, step_id, call_id, iteration, position, name, input, is_read_only, status, output, error_code, duration_ms, created_at, finished_at)
   SELECT gen_random_uuid(), r.id, r.id, 'call-' || k, 1, k, (ARRAY['read_file', 'search_text', 'edit_file'])[k], '{"path": "src/main.ts"}', true,
     CASE WHEN k = 3 THEN 'failed' ELSE 'succeeded' END, repeat(md5(r.id::text), 30), CASE WHEN k = 3 THEN 'no_match' END, (random() * 500)::int, r.created_at, r.created_at
   FROM runs r, generate_series(1, ${TOOL_CALLS_PER_RUN}) k`,
  'VACUUM ANALYZE',
];
