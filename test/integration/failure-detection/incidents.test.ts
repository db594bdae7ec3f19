import type { NestExpressApplication } from '@nestjs/platform-express';
import request from 'supertest';
import { newId } from '../../../src/common/index.js';
import type { PrismaService } from '../../../src/database/index.js';
import { FAILURE_PATTERNS, FailureDetectionService, type FailureSignal, IncidentLog, recoveryLimitsOf, RunMonitors } from '../../../src/failure-detection/index.js';
import { LIMITS, LIMITS_READER, type LimitsSnapshot } from '../../../src/limits/index.js';
import { FakeClock } from '../../support/fake-clock.js';
import { createTestDatabase, type TestDatabase } from '../../support/test-database.js';
import { startForeignApp } from './foreign-app.js';

const HOUR_MS = 3_600_000;
const OVERLOADED: FailureSignal = { source: 'model', kind: 'http', status: 503 };

let database: TestDatabase;
let clock: FakeClock;
let app: NestExpressApplication;
let log: IncidentLog;

beforeAll(async () => {
  database = await createTestDatabase();
  clock = new FakeClock();
  app = await startForeignApp(database, clock);
  log = app.get(IncidentLog);
});
afterAll(async () => {
  await app.close();
  await database.close();
});
afterEach(() => database.prisma.failureIncident.deleteMany());

const get = (path: string, authorization = 'admin admin'): request.Test => request(app.getHttpServer()).get(path).set('authorization', authorization);

async function record(userId: string, signal: FailureSignal = OVERLOADED, runId = newId()): Promise<string> {
  const service = app.get(FailureDetectionService);
  const failures = service.detectFailurePatterns(signal);
  const history = { attemptsOfPattern: 0, retriesOfRun: 0, backoffMsOfRun: 0, hasFallbackModel: false };
  const decision = service.generateRecoveryAction(failures, history, { maxRetriesPerRun: 8, maxBackoffMs: 120_000 });
  const [failure] = failures;
  if (!failure) throw new Error('The signal shows no failure.');
  return log.record({ runId, userId, iteration: 2, attempt: 1, failure, decision });
}

describe('IncidentLog', () => {
  it('keeps what happened, what was decided on which facts, and how it went', async () => {
    const id = await record('alice');
    const open = await database.prisma.failureIncident.findUniqueOrThrow({ where: { id } });
    expect(open).toMatchObject({ pattern: 'overloaded', category: 'capacity', severity: 'medium', strategy: 'retry', outcome: 'open', resolvedAt: null });
    expect(open.action).toMatchObject({ action: 'retry', useFallbackModel: false, signal: { source: 'model', status: 503 } });
    await clock.advance(5_000);
    await log.resolve([id], 'recovered');
    await log.resolve([id], 'failed');
    expect(await database.prisma.failureIncident.findUniqueOrThrow({ where: { id } })).toMatchObject({ outcome: 'recovered', resolvedAt: new Date(clock.now()) });
  });

  it('closes what is open of a run when it ends', async () => {
    const runId = newId();
    await record('alice', OVERLOADED, runId);
    const other = await record('alice');
    await log.resolveRun(runId, 'cancelled');
    expect(await database.prisma.failureIncident.findMany({ where: { outcome: 'open' }, select: { id: true } })).toEqual([{ id: other }]);
  });

  it('does not end a run because it cannot be written', async () => {
    const failing = { failureIncident: { create: () => Promise.reject(new Error('the database is gone')), updateMany: () => Promise.reject(new Error('the database is gone')) } };
    const unlucky = new IncidentLog(failing as unknown as PrismaService, clock);
    const logged: string[] = [];
    Object.assign(unlucky, { logger: { error: (entry: { message: string }) => logged.push(entry.message) } });
    const failure = app.get(FailureDetectionService).detectFailurePatterns(OVERLOADED)[0];
    if (!failure) throw new Error('The signal shows no failure.');
    const id = await unlucky.record({ runId: newId(), userId: 'alice', iteration: 1, attempt: 1, failure, decision: { action: 'continue', strategy: 'retry' } });
    await unlucky.resolve([id], 'failed');
    expect(logged).toEqual(['could not record an incident', 'could not resolve an incident']);
  });
});

describe('GET /api/failures', () => {
  it('pages through incidents, the newest first, each once', async () => {
    const ids: string[] = [];
    for (let n = 0; n < 7; n++) {
      ids.push(await record('alice'));
      if (n % 2) await clock.advance(1_000); // some share their time
    }
    const seen: string[] = [];
    for (let cursor: string | null = ''; cursor !== null; ) {
      const page: request.Response = await get(`/api/failures?limit=3${cursor && `&cursor=${cursor}`}`).expect(200);
      seen.push(...page.body.items.map(({ id }: { id: string }) => id));
      cursor = page.body.nextCursor;
    }
    expect(seen).toEqual([...ids].reverse());
  });

  it('shows admins all and users their own', async () => {
    await record('alice');
    await record('bob');
    expect((await get('/api/failures').expect(200)).body.items).toHaveLength(2);
    expect((await get('/api/failures', 'alice user').expect(200)).body.items).toEqual([expect.objectContaining({ userId: 'alice', name: 'Model overloaded', iteration: 2, resolvedAt: null })]);
    expect((await get('/api/failures', 'carol user').expect(200)).body).toEqual({ items: [], nextCursor: null });
  });

  it('filters by pattern, outcome, run and time', async () => {
    const runId = newId();
    const first = await record('alice', { source: 'model', kind: 'empty_answer' }, runId);
    await log.resolve([first], 'recovered');
    await clock.advance(60_000);
    const second = await record('alice');
    const idsOf = async (query: string): Promise<string[]> => (await get(`/api/failures?${query}`).expect(200)).body.items.map(({ id }: { id: string }) => id);
    expect(await idsOf('pattern=empty_answer')).toEqual([first]);
    expect(await idsOf('outcome=open')).toEqual([second]);
    expect(await idsOf(`runId=${runId}`)).toEqual([first]);
    expect(await idsOf(`since=${new Date(clock.now() - 1_000).toISOString()}`)).toEqual([second]);
    expect(await idsOf('pattern=empty_answer&outcome=open')).toEqual([]);
  });

  it.each(['pattern=nonsense', 'outcome=maybe', 'since=yesterday', 'limit=0', 'cursor=xyz', 'runId=1', 'page=2'])('refuses ?%s', async (query) => {
    expect((await get(`/api/failures?${query}`).expect(422)).body).toMatchObject({ code: 'validation_failed' });
  });
});

describe('GET /api/failures/patterns', () => {
  it('counts each pattern over the window and how often it was recovered from', async () => {
    await record('old');
    await clock.advance(8 * 24 * HOUR_MS);
    const [a, b, c] = [await record('alice'), await record('alice'), await record('bob')];
    await record('bob');
    await log.resolve([a, b], 'recovered');
    await log.resolve([c], 'failed');
    const { body } = await get('/api/failures/patterns').expect(200);
    expect(body.items.map(({ pattern }: { pattern: string }) => pattern)).toEqual(Object.keys(FAILURE_PATTERNS));
    const overloaded = body.items.find(({ pattern }: { pattern: string }) => pattern === 'overloaded');
    expect(overloaded).toMatchObject({ incidents: 4, open: 1, recovered: 2, failed: 1, cancelled: 0, recoveryRate: 2 / 3, name: 'Model overloaded' });
    expect(overloaded.buckets).toHaveLength(12);
    expect(overloaded.buckets.at(-1)).toMatchObject({ incidents: 4, recovered: 2 });
    expect(body.items.find(({ pattern }: { pattern: string }) => pattern === 'rate_limit')).toMatchObject({ incidents: 0, recoveryRate: null, lastAt: null });
  });

  it('shows users their own figures', async () => {
    await record('alice');
    const { body } = await get('/api/failures/patterns?window=24h', 'bob user').expect(200);
    expect(body.items.every(({ incidents }: { incidents: number }) => incidents === 0)).toBe(true);
    expect(Date.parse(body.until) - Date.parse(body.since)).toBe(24 * HOUR_MS);
  });

  it.each(['window=0d', 'window=1w', 'window=99999d'])('refuses ?%s', (query) => get(`/api/failures/patterns?${query}`).expect(422));
});

describe('RunMonitors', () => {
  const thrice = [1, 2, 3].map((iteration) => ({
    iteration,
    text: '',
    calls: [{ name: 'read_file', input: { path: 'a' }, readOnly: true, ok: true, output: 'x', workspaceEpochBefore: 0, workspaceEpochAfter: 0 }],
  }));

  it('goes by the thresholds of the run (I6)', () => {
    const findings = (values: object): number => {
      const monitor = app.get(RunMonitors).start({ intent: 'fix', limits: { revision: 1, values, arms: [] } as unknown as LimitsSnapshot });
      return thrice.flatMap((step) => monitor.observe(step)).length;
    };
    expect(LIMITS['detector.repeatedRead.nudge'].default).toBe(3);
    expect(findings({})).toBe(1);
    expect(findings({ 'detector.repeatedRead.nudge': 50, 'detector.repeatedRead.stop': 50, 'detector.repeatedRead.escalate': 50, 'detector.callCycle.nudge': 50, 'iteration.maxByIntent.fix': 100 })).toBe(0);
  });
});

describe('recoveryLimitsOf', () => {
  it('reads the budget of the run (I6)', () => {
    const snapshot = { revision: 1, values: { 'retry.maxPerRun': 2 }, arms: [] } as unknown as LimitsSnapshot;
    expect(recoveryLimitsOf(app.get(LIMITS_READER), snapshot)).toEqual({ maxRetriesPerRun: 2, maxBackoffMs: 120_000, firstDelayMs: 1_000, maxDelayMs: 30_000, maxServerDelayMs: 60_000 });
  });
});
