import 'reflect-metadata';
import { spawnSync } from 'node:child_process';
import { type CanActivate, type ExecutionContext, Global, Module } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { Test } from '@nestjs/testing';
import request from 'supertest';
import { CLOCK, DrainState, NO_USAGE, type Role, SystemClock } from '../../../src/common/index.js';
import { CONFIG, type Config } from '../../../src/config/index.js';
import { PrismaService } from '../../../src/database/index.js';
import { assignRequestId, createValidationPipe, observeExchanges, ProblemFilter, setPrincipal } from '../../../src/http/index.js';
import { LIMITS, type LimitKey, LIMITS_READER } from '../../../src/limits/index.js';
import { LOMU_VERSION } from '../../../src/config/index.js';
import { Metrics, MetricsModule } from '../../../src/metrics/index.js';
import { createTestDatabase, type TestDatabase } from '../../support/test-database.js';
import { parseExposition } from '../../unit/metrics/parse-exposition.js';
import { seedRuns } from './seed-runs.js';

const TOKEN = 'a-token-for-scrapers';

let database: TestDatabase;
let app: NestExpressApplication;

beforeAll(async () => {
  database = await createTestDatabase();
  app = await startApp(undefined);
  const finishedAt = new Date(Date.now() - 1_000);
  await seedRuns(database.prisma, [{ userId: 'alice', finishedAt }, { userId: 'bob', finishedAt }, { userId: 'bob', finishedAt, status: 'failed' }]);
});
afterAll(async () => {
  await app.close();
  await database.close();
});

describe('GET /api/metrics', () => {
  it('shows admins everything, and their own when they ask for that', async () => {
    expect((await as('bob', 'admin').get('/api/metrics?hours=1').expect(200)).body).toMatchObject({ scope: 'all', totalRequests: 3 });
    expect((await as('bob', 'admin').get('/api/metrics?hours=1&scope=own').expect(200)).body).toMatchObject({ scope: 'own', totalRequests: 2 });
  });

  it('shows users their own runs, and refuses to show more', async () => {
    expect((await as('alice').get('/api/metrics').expect(200)).body).toMatchObject({ scope: 'own', totalRequests: 1, window: { hours: 24 } });
    expect((await as('nobody').get('/api/metrics').expect(200)).body).toMatchObject({ totalRequests: 0, successRate: null });
    for (const path of ['/api/metrics?scope=all', '/api/metrics/timeseries?scope=all', '/api/metrics/tools?scope=all']) {
      expect((await as('alice').get(path).expect(403)).body).toMatchObject({ code: 'forbidden' });
    }
  });

  it('has every field of the contract', async () => {
    const { body } = await as('bob', 'admin').get('/api/metrics?hours=24').expect(200);
    for (const field of ['totalRequests', 'successRate', 'averageResponseTime', 'averageTokensPerRequest', 'averageStreamingSpeed', 'errorRate', 'errorCounts', 'intentDistribution', 'last24hMetrics', 'percentiles']) {
      expect(body).toHaveProperty(field);
    }
  });

  it.each([
    ['/api/metrics?hours=0', 'hours'],
    ['/api/metrics?hours=abc', 'hours'],
    ['/api/metrics?hours=1.5', 'hours'],
    ['/api/metrics?hours=1e9', 'hours'],
    ['/api/metrics?hours=', 'hours'],
    ['/api/metrics?hours=24&hours=48', 'hours'],
    ['/api/metrics?scope=everything', 'scope'],
    ['/api/metrics?user=bob', 'user'],
    ['/api/metrics/timeseries?window=1y', 'window'],
    ['/api/metrics/timeseries?window=0h', 'window'],
    ['/api/metrics/timeseries?window=999999d', 'window'],
    ['/api/metrics/timeseries?bucket=-5m', 'bucket'],
    ['/api/metrics/timeseries?window=30d&bucket=1m', 'bucket'],
    ['/api/metrics/timeseries?groupBy=user_id', 'groupBy'],
  ])('refuses %s, naming the field', async (path, field) => {
    const { body } = await as('bob', 'admin').get(path).expect(422);
    expect(body).toMatchObject({ code: 'validation_failed', detail: expect.stringContaining(field) });
  });

  it('answers time series, tools and alerts', async () => {
    const series = await as('alice').get('/api/metrics/timeseries?window=1h&bucket=30m&groupBy=intent').expect(200);
    expect(series.body).toMatchObject({ scope: 'own', groupBy: 'intent', bucketMs: 1_800_000, series: [{ group: 'default' }] });
    expect((await as('alice').get('/api/metrics/tools').expect(200)).body).toEqual({ scope: 'own', items: [], nextCursor: null });
    const alerts = await as('bob', 'admin').get('/api/metrics/alerts').expect(200);
    expect(alerts.body).toMatchObject({ nextCursor: null, items: expect.arrayContaining([expect.objectContaining({ id: 'error_rate_high' })]) });
  });
});

describe('GET /metrics', () => {
  const scrape = (server: NestExpressApplication, headers: Record<string, string> = {}) => request(server.getHttpServer()).get('/metrics').set(headers);

  it('is Prometheus text, for this machine alone while there is no token', async () => {
    const answer = await scrape(app).expect(200);
    expect(answer.headers['content-type']).toMatch(/^text\/plain; version=0\.0\.4/);
    expect(parseExposition(answer.text).value('lomu_build_info', { version: LOMU_VERSION, node: process.version })).toBe(1);
    const forwarded = await scrape(app, { 'x-forwarded-for': '203.0.113.9' }).expect(403);
    expect(forwarded.body).toMatchObject({ code: 'forbidden', detail: expect.stringContaining('METRICS_TOKEN') });
  });

  it('asks everybody for the token once there is one', async () => {
    const guarded = await startApp(TOKEN);
    try {
      await scrape(guarded, { authorization: `Bearer ${TOKEN}` }).expect(200);
      await scrape(guarded, { authorization: `bearer ${TOKEN}`, 'x-forwarded-for': '203.0.113.9' }).expect(200);
      for (const authorization of ['', TOKEN, 'Bearer', 'Bearer ', `Bearer ${TOKEN}x`, `Bearer ${TOKEN.slice(1)}`, `Basic ${TOKEN}`]) {
        const refused = await scrape(guarded, { authorization }).expect(401);
        expect(refused.text).not.toContain('lomu_runs_total');
      }
    } finally {
      await guarded.close();
    }
  });

  it('counts requests under the pattern of their route, never under their path', async () => {
    const own = await startApp(undefined);
    try {
      const server = request(own.getHttpServer());
      await server.get('/api/metrics?hours=1').set({ 'x-user': 'alice' });
      await server.get('/api/metrics?hours=2').set({ 'x-user': 'alice' });
      await server.get('/api/metrics?hours=abc').set({ 'x-user': 'alice' });
      await server.get('/made/up/3f2a');
      const { value, labelValues } = parseExposition((await scrape(own)).text);
      const counted = (http_route: string, http_response_status_code: string) =>
        value('http_server_request_duration_seconds_count', { http_request_method: 'GET', http_route, http_response_status_code });
      expect(counted('/api/metrics', '200')).toBe(2);
      expect(counted('/api/metrics', '422')).toBe(1);
      expect(counted('unmatched', '404')).toBe(1);
      expect([...labelValues('http_route')].sort()).toEqual(['/api/metrics', 'unmatched']);
    } finally {
      await own.close();
    }
  });

  const promtool = spawnSync('promtool', ['--version']).status === 0;
  (promtool ? it : it.skip)(`passes promtool check metrics${promtool ? '' : ' (skipped: promtool is not installed)'}`, async () => {
    const metrics = app.get(Metrics);
    metrics.declareTools(['read_file']);
    metrics.recordRun({ intent: 'fix', model: 'offline/planner', outcome: 'failed', durationMs: 5, timeToFirstTokenMs: 2, tokensPerSecond: 9, usage: NO_USAGE, chargedNanoUsd: 1n, iterations: 1, toolCalls: 1, failurePattern: 'rate_limit' });
    metrics.recordModelCall({ model: 'offline/planner', durationMs: 5, firstTokenMs: 2, usage: NO_USAGE, errorType: null });
    metrics.recordModelCall({ model: 'offline/planner', durationMs: 5, firstTokenMs: null, usage: NO_USAGE, errorType: 'network' });
    metrics.recordToolCall({ name: 'read_file', durationMs: 5, errorCode: null });
    await scrape(app);
    const { text } = await scrape(app).expect(200);
    expect(parseExposition(text).seriesCount).toBeGreaterThan(150); // promtool is content with nothing at all
    const { status, stdout, stderr } = spawnSync('promtool', ['check', 'metrics'], { input: text, encoding: 'utf8' });
    expect({ status, output: stdout + stderr }).toEqual({ status: 0, output: '' });
  });
});

/** A caller the guard below believes. */
function as(userId: string, role: Role = 'user') {
  const headers = { 'x-user': userId, 'x-role': role };
  return { get: (path: string) => request(app.getHttpServer()).get(path).set(headers) };
}

/** Stands in for access control, which has tests of its own. */
class TrustingGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const incoming = context.switchToHttp().getRequest<{ headers: Record<string, string | undefined> }>();
    const role = incoming.headers['x-role'] === 'admin' ? 'admin' : 'user';
    setPrincipal(incoming, { userId: incoming.headers['x-user'] ?? '', role, plan: 'free', scopes: [] });
    return true;
  }
}

async function startApp(metricsToken: string | undefined): Promise<NestExpressApplication> {
  const clock = new SystemClock();
  const config = { metricsToken, models: { defaultModel: 'offline/planner' }, billing: { creditValueNanoUsd: 1_000_000n } } as Config;
  const providers = [
    { provide: CONFIG, useValue: config },
    { provide: CLOCK, useValue: clock },
    DrainState,
    { provide: LIMITS_READER, useValue: { value: (key: LimitKey) => LIMITS[key].default } },
    { provide: PrismaService, useValue: database.prisma },
  ];

  @Global()
  @Module({ providers: [...providers, { provide: APP_GUARD, useClass: TrustingGuard }], exports: providers })
  class SurroundingsModule {}

  const testing = await Test.createTestingModule({ imports: [SurroundingsModule, MetricsModule] }).compile();
  const created = testing.createNestApplication<NestExpressApplication>({ logger: false });
  const metrics = created.get(Metrics);
  created.use(assignRequestId, observeExchanges(clock, [(exchange) => metrics.recordHttpExchange(exchange)]));
  created.useGlobalPipes(createValidationPipe());
  created.useGlobalFilters(new ProblemFilter());
  return created.init();
}
