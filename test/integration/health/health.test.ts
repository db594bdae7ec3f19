import 'reflect-metadata';
import { Global, Module } from '@nestjs/common';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { Test } from '@nestjs/testing';
import request from 'supertest';
import { CLOCK, DrainState } from '../../../src/common/index.js';
import { CONFIG, type Config } from '../../../src/config/index.js';
import { DATABASE_CONNECTION, type DatabaseConnection, PrismaService } from '../../../src/database/index.js';
import { HealthModule } from '../../../src/health/index.js';
import { LIMITS, type LimitKey, LIMITS_READER } from '../../../src/limits/index.js';
import { REDIS } from '../../../src/redis/index.js';
import { FakeClock } from '../../support/fake-clock.js';
import { createTestDatabase, type TestDatabase } from '../../support/test-database.js';
import { seedRuns } from '../metrics/seed-runs.js';

/** What the database does when asked how it is. */
type Behaviour = 'real' | 'refuses' | 'hangs';

let database: TestDatabase;
/** Whose answers the application gets. */
let source: TestDatabase;
let app: NestExpressApplication;
let clock: FakeClock;
let drain: DrainState;
let behaviour: Behaviour;
let queries: number;
/** Whether a Redis is configured, and how it answers. */
let redis: { answers: boolean } | undefined;
let changedLimits: Partial<Record<LimitKey, number>>;

beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.close());

beforeEach(async () => {
  clock = new FakeClock();
  drain = new DrainState();
  behaviour = 'real';
  source = database;
  queries = 0;
  changedLimits = {};
  redis = undefined;
  app = await startApp('gemini/gemini-3.6-flash', '/definitely/not/made/yet');
});
afterEach(() => app.close());

const get = (path: string) => request(app.getHttpServer()).get(path);
const afterCache = (): Promise<void> => clock.advance(LIMITS['health.cacheMs'].default);

describe('/health/live', () => {
  it('answers whatever happens to the rest', async () => {
    behaviour = 'refuses';
    drain.begin();
    const answer = await get('/health/live').expect(200);
    expect(answer.body).toEqual({ status: 'ok' });
    expect(queries).toBe(0);
  });
});

describe('/health/ready', () => {
  it('is 200 while the database answers', async () => {
    const answer = await get('/health/ready').expect(200);
    expect(answer.body).toEqual({ status: 'ok', parts: { accepting: 'up', database: 'up' } });
  });

  it('is 503 while the database is away, and 200 again afterwards', async () => {
    behaviour = 'refuses';
    const answer = await get('/health/ready').expect(503);
    expect(answer.body).toEqual({ status: 'error', parts: { accepting: 'up', database: 'down' } });
    behaviour = 'real';
    await afterCache();
    await get('/health/ready').expect(200);
  });

  it('is 503 once the real database is closed, while the process stays alive', async () => {
    const closed = await createTestDatabase();
    await closed.close();
    behaviour = 'real';
    source = closed;
    await get('/health/ready').expect(503);
    await get('/health/live').expect(200);
  });

  it('health.timeoutMs: is 503 at it when the database does not answer at all, and waits until then', async () => {
    changedLimits['health.timeoutMs'] = 200;
    behaviour = 'hangs';
    const startedAt = performance.now();
    await get('/health/ready').expect(503);
    expect(performance.now() - startedAt).toBeGreaterThanOrEqual(199);
    behaviour = 'real';
    await afterCache();
    await get('/health/ready').expect(200);
  });

  it('turns 503 at the moment the instance begins to drain, the cache notwithstanding', async () => {
    await get('/health/ready').expect(200);
    drain.begin();
    const answer = await get('/health/ready').expect(503);
    expect(answer.body).toEqual({ status: 'shutting_down', parts: { accepting: 'down', database: 'up' } });
    await get('/health/live').expect(200);
  });

  it('health.cacheMs: asks the database once within it, however many probes come', async () => {
    await Promise.all(Array.from({ length: 20 }, () => get('/health/ready').expect(200)));
    expect(queries).toBe(1);
    await clock.advance(LIMITS['health.cacheMs'].default - 1);
    await get('/health/ready').expect(200);
    expect(queries).toBe(1);
    await clock.advance(1);
    await get('/health/ready').expect(200);
    expect(queries).toBe(2);
  });
});

describe('/health', () => {
  it('names every part and nothing that tells of hosts, folders or versions', async () => {
    behaviour = 'refuses';
    const answer = await get('/health').expect(503);
    expect(Object.keys(answer.body as object)).toEqual(['status', 'parts']);
    const { parts } = answer.body as { parts: Record<string, string> };
    expect(Object.keys(parts).sort()).toEqual(['accepting', 'database', 'disk', 'eventLoop', 'memory', 'model', 'sandbox']);
    expect(new Set(Object.values(parts).map((state) => /^(up|degraded|down)$/.test(state)))).toEqual(new Set([true]));
  });

  it.each<[LimitKey, number, number, string]>([
    ['health.minDiskFreeBytes', Number.MAX_SAFE_INTEGER, 0, 'disk'],
    ['health.maxHeapPercent', 0, 100, 'memory'],
  ])('%s: is degraded, and still 200, past it, and up within it', async (key, past, within, part) => {
    changedLimits[key] = past;
    const answer = await get('/health').expect(200);
    expect(answer.body).toMatchObject({ status: 'degraded', parts: { [part]: 'degraded', database: 'up' } });
    changedLimits[key] = within;
    await afterCache();
    expect((await get('/health').expect(200)).body).toMatchObject({ parts: { [part]: 'up' } });
  });

  it('health.maxEventLoopDelayMs: is degraded after the event loop was held up for longer, and up again afterwards', async () => {
    changedLimits['health.maxEventLoopDelayMs'] = 60_000;
    expect((await get('/health')).body).toMatchObject({ parts: { eventLoop: 'up' } });
    changedLimits['health.maxEventLoopDelayMs'] = 250;
    await afterCache();
    await get('/health');
    await new Promise((resolve) => setTimeout(resolve, 50));
    const until = performance.now() + 450;
    while (performance.now() < until); // holds the event loop, which is the point
    await new Promise((resolve) => setTimeout(resolve, 50));
    await afterCache();
    expect((await get('/health').expect(200)).body).toMatchObject({ parts: { eventLoop: 'degraded' } });
  });
});

describe('Redis', () => {
  it('belongs to readiness when one is configured, and to nothing otherwise', async () => {
    redis = { answers: true };
    const withRedis = await startApp('offline/planner', '/definitely/not/made/yet');
    const ready = () => request(withRedis.getHttpServer()).get('/health/ready');
    expect((await ready().expect(200)).body).toEqual({ status: 'ok', parts: { accepting: 'up', database: 'up', redis: 'up' } });
    redis.answers = false;
    await afterCache();
    expect((await ready().expect(503)).body).toEqual({ status: 'error', parts: { accepting: 'up', database: 'up', redis: 'down' } });
    await withRedis.close();
  });
});

describe('the model', () => {
  const model = 'gemini/gemini-3.6-flash';
  const ago = (minutes: number): Date => new Date(clock.now() - minutes * 60_000);
  const stateOfModel = async (): Promise<string | undefined> => ((await get('/health')).body as { parts: Record<string, string> }).parts.model;

  afterEach(() => database.prisma.conversation.deleteMany());

  it('is up when nobody has used it', async () => {
    expect(await stateOfModel()).toBe('up');
  });

  it('is degraded when its last three runs failed', async () => {
    await seedRuns(database.prisma, [
      { model, finishedAt: ago(4), status: 'completed' },
      ...[3, 2, 1].map((minutes) => ({ model, finishedAt: ago(minutes), status: 'failed' })),
      { model, finishedAt: ago(0.5), status: 'cancelled' },
    ]);
    expect(await stateOfModel()).toBe('degraded');
  });

  it('health.modelWindowMs: failures count within it, older ones do not', async () => {
    const finishedAt = ago(10);
    await seedRuns(database.prisma, [1, 2, 3].map(() => ({ model, finishedAt, status: 'failed' })));
    const states: (string | undefined)[] = [];
    for (const longerThanAgeMs of [-1, 0, 1]) {
      await afterCache();
      changedLimits['health.modelWindowMs'] = clock.now() - finishedAt.getTime() + longerThanAgeMs;
      states.push(await stateOfModel());
    }
    expect(states).toEqual(['up', 'degraded', 'degraded']);
  });

  it('is up when one of the last three succeeded, when others failed, or when it was long ago', async () => {
    await seedRuns(database.prisma, [
      ...[5, 4, 2].map((minutes) => ({ model, finishedAt: ago(minutes), status: 'failed' })),
      { model, finishedAt: ago(3), status: 'completed' },
      ...[1, 1, 1].map((minutes) => ({ model: 'other/model', finishedAt: ago(minutes), status: 'failed' })),
      ...[20, 21, 22].map((minutes) => ({ model, finishedAt: ago(minutes), status: 'failed' })),
    ]);
    expect(await stateOfModel()).toBe('up');
  });
});

describe('the sandbox', () => {
  it('is up when it is switched off on purpose, and degraded with the reason for admins when it does not work', async () => {
    expect((await get('/health').expect(200)).body.parts.sandbox).toBe('up');
    await app.close();
    app = await startApp('gemini/gemini-3.6-flash', '/definitely/not/made/yet', { kind: 'bubblewrap', user: { uid: 60_901, gid: 60_901 }, toolPaths: ['/does/not/exist'] });
    expect((await get('/health').expect(200)).body).toMatchObject({ status: 'degraded', parts: { sandbox: 'degraded' } });
    await afterCache();
    expect((await get('/health/details').expect(200)).body.parts.sandbox).toMatchObject({ status: 'degraded', message: expect.stringContaining('none are run') });
  });
});

describe('/health/details', () => {
  it('gives figures, and the error of what is down', async () => {
    behaviour = 'refuses';
    const answer = await get('/health/details').expect(503);
    expect(answer.body).toMatchObject({
      status: 'error',
      parts: { database: { status: 'down', message: 'connection refused by db.internal' }, disk: { freeBytes: expect.any(Number) }, memory: { heapUsedBytes: expect.any(Number) } },
    });
  });
});

async function startApp(defaultModel: string, dataDir: string, sandbox: object = { kind: 'off' }): Promise<NestExpressApplication> {
  const connection: DatabaseConnection = { ...database.connection, query: (sql, parameters) => ask(sql, parameters) };
  const providers = [
    { provide: CONFIG, useValue: { dataDir, models: { defaultModel }, sandbox } as unknown as Config },
    { provide: CLOCK, useValue: clock },
    { provide: DrainState, useValue: drain },
    { provide: LIMITS_READER, useValue: { value: (key: LimitKey) => changedLimits[key] ?? LIMITS[key].default } },
    { provide: REDIS, useFactory: () => redis && { commands: { ping: async () => (redis?.answers ? 'PONG' : Promise.reject(new Error('connection lost'))) } } },
    { provide: DATABASE_CONNECTION, useValue: connection },
    { provide: PrismaService, useValue: database.prisma },
  ];

  @Global()
  @Module({ providers, exports: providers })
  class SurroundingsModule {}

  const testing = await Test.createTestingModule({ imports: [SurroundingsModule, HealthModule] }).compile();
  return testing.createNestApplication<NestExpressApplication>({ logger: false }).init();
}

function ask<Row>(sql: string, parameters?: readonly unknown[]): Promise<Row[]> {
  queries++;
  if (behaviour === 'refuses') return Promise.reject(new Error('connection refused by db.internal'));
  return behaviour === 'hangs' ? new Promise(() => undefined) : source.connection.query<Row>(sql, parameters);
}
