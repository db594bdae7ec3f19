import { type JobPass, JobRunner } from '../../../src/maintenance/job-runner.js';
import { type JobBatch, type ScheduledJob, SCHEDULED_JOBS } from '../../../src/maintenance/scheduled-job.js';
import type { JobView } from '../../../src/maintenance/maintenance.controller.js';
import { CLOCK, newId } from '../../../src/common/index.js';
import type { PrismaService } from '../../../src/database/index.js';
import { LIMITS_READER } from '../../../src/limits/index.js';
import { Metrics } from '../../../src/metrics/index.js';
import { findTraces } from '../../support/database/find-traces.js';
import { startQuietApp } from '../../support/chat/quiet-app.js';
import { seedRun, seedRunIn } from '../../support/chat/seed-run.js';
import type { TestApp } from '../../support/test-app.js';
import { postgresqlUrl } from '../../support/test-database.js';

let lomu: TestApp;
let prisma: PrismaService;
let runner: JobRunner;

beforeAll(async () => {
  lomu = await startQuietApp({ environment: { LIMIT_MAINTENANCE_BATCH_SIZE: '2', LIMIT_MAINTENANCE_MAX_BATCHES_PER_PASS: '3' } });
  ({ prisma } = lomu.database);
  runner = lomu.app.get(JobRunner);
  await lomu.client.run('hello');
});
afterAll(() => lomu.close());

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const ago = (durationMs: number): Date => new Date(Date.now() - durationMs);

async function run(name: string): Promise<JobPass> {
  const { status, body } = await lomu.client.post(`/api/maintenance/jobs/${name}/run`);
  expect(status).toBe(200);
  return body;
}

async function listed(name: string): Promise<JobView | undefined> {
  const { body } = await lomu.client.get<{ items: JobView[] }>('/api/maintenance/jobs');
  return body.items.find((item) => item.name === name);
}

/** The server takes a moment to end a session. */
async function untilNotSkipped(run: () => Promise<JobPass>): Promise<JobPass> {
  for (;;) {
    const pass = await run();
    if (pass.outcome !== 'skipped') return pass;
  }
}

const batch = (rows: number, hasMore = false): JobBatch => ({ rows, hasMore });

function jobOf(runBatch: ScheduledJob['runBatch'], name = 'chat-retention'): ScheduledJob {
  return { name, description: 'for tests', cron: '0 0 * * * *', scope: 'deployment', runBatch };
}

describe('inactive sessions', () => {
  it('retention.sessionInactiveHours: end after it without activity, unless a run goes on', async () => {
    const inactive = await seedRun(prisma, { status: 'completed', finishedAt: new Date() });
    const recent = await seedRun(prisma, { status: 'completed', finishedAt: new Date() });
    const working = await seedRun(prisma, { status: 'running', leaseExpiresAt: new Date(Date.now() + DAY_MS) });
    for (const { sessionId } of [inactive, working]) await prisma.conversationSession.update({ where: { id: sessionId }, data: { lastActiveAt: ago(24 * HOUR_MS + 60_000) } });
    await prisma.conversationSession.update({ where: { id: recent.sessionId }, data: { lastActiveAt: ago(24 * HOUR_MS - 60_000) } });
    expect(await run('inactive-sessions')).toMatchObject({ outcome: 'completed', rows: 1 });
    const ended = async (id: string) => (await prisma.conversationSession.findUniqueOrThrow({ where: { id } })).endedAt !== null;
    expect([await ended(inactive.sessionId), await ended(recent.sessionId), await ended(working.sessionId)]).toEqual([true, false, false]);
  });
});

describe('chat retention', () => {
  it('retention.chatDays: deletes what is older with all that hangs on it, keeps the ledger and what is in use, and stops at its bound', async () => {
    const { started } = await lomu.client.run('List the files');
    const old = await Promise.all(Array.from({ length: 7 }, () => seedRun(prisma, { status: 'completed', finishedAt: new Date() })));
    const busy = await seedRun(prisma, { status: 'running', leaseExpiresAt: new Date(Date.now() + DAY_MS) });
    const young = await seedRun(prisma, { status: 'completed', finishedAt: new Date() });
    const age = (ids: string[], durationMs: number) => prisma.conversation.updateMany({ where: { id: { in: ids } }, data: { lastActiveAt: ago(durationMs) } });
    await age([...old.map((run) => run.conversationId), busy.conversationId], 30 * DAY_MS + 60_000);
    await age([young.conversationId], 30 * DAY_MS - 60_000);
    await age([started.conversationId], 90 * DAY_MS);
    const ledgerOf = () => prisma.ledgerEntry.findMany({ orderBy: { id: 'asc' }, omit: { runId: true, holdId: true, idempotencyKey: true } });
    expect(await prisma.ledgerEntry.count({ where: { runId: started.runId } })).toBeGreaterThan(0);
    const ledger = await ledgerOf();

    // 8 are due; one pass touches at most 3 batches of 2, the rest waits for the next.
    expect(await run('chat-retention')).toMatchObject({ outcome: 'completed', rows: 6 });
    expect(await prisma.conversation.count({ where: { id: started.conversationId } })).toBe(0); // the oldest goes first
    expect(await run('chat-retention')).toMatchObject({ rows: 2 });
    expect(await run('chat-retention')).toMatchObject({ rows: 0 });
    expect(await prisma.conversation.count({ where: { id: { in: [busy.conversationId, young.conversationId] } } })).toBe(2);
    for (const rows of [prisma.run.count({ where: { id: started.runId } }), prisma.step.count({ where: { runId: started.runId } }), prisma.toolCall.count({ where: { runId: started.runId } }), prisma.message.count({ where: { runId: started.runId } })]) {
      expect(await rows).toBe(0);
    }
    expect(await ledgerOf()).toEqual(ledger);
    expect(await findTraces(prisma, [started.runId, started.conversationId])).toEqual({});
    await prisma.run.update({ where: { id: busy.id }, data: { status: 'completed', finishedAt: new Date() } });
  });
});

describe('expired rows', () => {
  it('holds give their credits back when their lease has ended (I3)', async () => {
    const before = await prisma.creditAccount.findUniqueOrThrow({ where: { userId: 'local' } });
    const hold = (leaseExpiresAt: Date) => {
      const runId = newId();
      return { id: `${runId}:1:1`, userId: 'local', runId, amountNanoUsd: 5n, maxOutputTokens: 1, inputTokens: 1, model: 'm', intent: 'fix', status: 'held', leaseExpiresAt };
    };
    await prisma.creditHold.createMany({ data: [hold(ago(1_000)), hold(ago(1_000)), hold(ago(1_000)), hold(new Date(Date.now() + 60_000))] });
    await prisma.creditAccount.update({ where: { userId: 'local' }, data: { heldNanoUsd: { increment: 20n } } });
    expect(await run('expired-holds')).toMatchObject({ rows: 3 });
    const after = await prisma.creditAccount.findUniqueOrThrow({ where: { userId: 'local' } });
    expect(after.heldNanoUsd - before.heldNanoUsd).toBe(5n);
    expect(after.postedNanoUsd).toBe(before.postedNanoUsd);
  });

  it('retention.incidentDays: incidents go after it, idempotency keys when their time is over', async () => {
    const key = (name: string, expiresAt: Date) => ({ userId: 'local', scope: 's', key: name, requestHash: 'h', resourceId: 'r', expiresAt });
    await prisma.idempotencyRecord.createMany({ data: [key('old', ago(1_000)), key('new', new Date(Date.now() + 60_000))] });
    expect(await run('expired-idempotency-keys')).toMatchObject({ rows: 1 });
    expect((await prisma.idempotencyRecord.findMany({ where: { scope: 's' } })).map((record) => record.key)).toEqual(['new']);

    const incident = (createdAt: Date) => ({ id: newId(), runId: newId(), userId: 'local', iteration: 1, attempt: 1, pattern: 'overloaded', category: 'model', severity: 'low', strategy: 'retry', action: {}, detail: '', outcome: 'open', createdAt });
    const kept = incident(ago(90 * DAY_MS - 60_000));
    await prisma.failureIncident.createMany({ data: [incident(ago(90 * DAY_MS + 60_000)), kept] });
    expect(await run('incident-retention')).toMatchObject({ rows: 1 });
    expect((await prisma.failureIncident.findMany()).map((row) => row.id)).toEqual([kept.id]);
  });
});

describe('orphaned runs', () => {
  it('are taken up again in the same pass, and what waited behind them after them', async () => {
    const orphan = await seedRun(prisma, { status: 'running', startedAt: new Date(), leaseExpiresAt: ago(1_000) });
    const waiting = newId();
    await seedRunIn(prisma, { ...orphan, id: waiting, assistantMessageId: newId() });
    expect(await run('orphaned-runs')).toMatchObject({ outcome: 'completed', rows: 1 });
    expect((await lomu.client.events(`/api/chat/runs/${waiting}/events`).toTerminal()).at(-1)?.type).toBe('run.completed');
    expect(await prisma.run.findUniqueOrThrow({ where: { id: orphan.id } })).toMatchObject({ status: 'completed', takeovers: 1 });
  });
});

describe('a pass', () => {
  it('runs on one instance at a time: the other skips, and skipping is counted but leaves no trace', async () => {
    let release: () => void = () => undefined;
    let begin: () => void = () => undefined;
    const begun = new Promise<void>((resolve) => (begin = resolve));
    const slow = jobOf(async () => {
      begin();
      await new Promise<void>((resolve) => (release = resolve));
      return batch(1);
    });
    const first = runner.run(slow);
    await begun;
    expect(await runner.run(jobOf(async () => batch(99)))).toMatchObject({ outcome: 'skipped', rows: 0 });
    release();
    expect(await first).toMatchObject({ outcome: 'completed', rows: 1 });
    expect(await prisma.maintenanceJob.findUniqueOrThrow({ where: { name: 'chat-retention' } })).toMatchObject({ lastOutcome: 'completed', lastRows: 1 });
    expect((await lomu.client.get<string>('/metrics')).body).toMatch(/lomu_job_runs_total\{[^}]*scheduled_job="chat-retention"[^}]*outcome="skipped"[^}]*\} 1/);
  });

  (postgresqlUrl ? it : it.skip)('whose lock is lost with its session does not keep others from theirs, and comes to its end', async () => {
    let release: () => void = () => undefined;
    let begin: () => void = () => undefined;
    const begun = new Promise<void>((resolve) => (begin = resolve));
    const cutOff = runner.run(
      jobOf(async () => {
        begin();
        await new Promise<void>((resolve) => (release = resolve));
        return batch(1);
      }),
    );
    await begun;
    await prisma.$executeRaw`SELECT pg_terminate_backend(l.pid) FROM pg_locks l JOIN pg_database d ON d.oid = l.database WHERE l.locktype = 'advisory' AND d.datname = current_database()`;
    const other = await untilNotSkipped(() => runner.run(jobOf(async () => batch(2))));
    expect(other).toMatchObject({ outcome: 'completed', rows: 2 });
    release();
    expect(await cutOff).toMatchObject({ outcome: 'completed', rows: 1 });
  });

  it('maintenance.batchSize and maintenance.maxBatchesPerPass: a pass stops after that many full batches, at the first that leaves nothing, and says whether there is more to do', async () => {
    const asked: number[] = [];
    const endless = jobOf(async (batchSize) => {
      asked.push(batchSize);
      return batch(batchSize, true);
    });
    expect(await runner.run(endless)).toMatchObject({ rows: 6, hasMore: true });
    expect(asked).toEqual([2, 2, 2]);
    expect(await listed('chat-retention')).toMatchObject({ lastRows: 6, lastHasMore: true });
    expect(await runner.run(jobOf(async () => batch(1)))).toMatchObject({ rows: 1, hasMore: false });
    expect(await listed('chat-retention')).toMatchObject({ lastRows: 1, lastHasMore: false });
  });

  it('is one of each instance when the job is about what is its own', async () => {
    const passes: Promise<JobPass>[] = [];
    const job: ScheduledJob = { ...jobOf(async () => batch(1)), name: 'of-each-instance', scope: 'instance' };
    const here: ScheduledJob = {
      ...job,
      runBatch: async () => {
        passes.push(lomu.app.get(JobRunner).run(job), new JobRunner(prisma, lomu.app.get(Metrics), lomu.database.connection, lomu.app.get(LIMITS_READER), lomu.app.get(CLOCK)).run(job));
        await Promise.all(passes);
        return batch(1);
      },
    };
    expect(await runner.run(here)).toMatchObject({ outcome: 'completed' });
    expect((await Promise.all(passes)).map(({ outcome }) => outcome)).toEqual(['skipped', 'completed']);
  });

  it('that fails is recorded and counted with what it had done, harms nothing, and the next one is tried', async () => {
    let batches = 0;
    const failing = jobOf(async () => (++batches === 1 ? batch(2, true) : Promise.reject(new Error('the disk is full'))));
    expect(await runner.run(failing)).toMatchObject({ outcome: 'failed', rows: 2, hasMore: true, error: 'the disk is full' });
    expect(await listed('chat-retention')).toMatchObject({ lastOutcome: 'failed', lastError: 'the disk is full', lastRows: 2 });
    expect((await lomu.client.get<string>('/metrics')).body).toMatch(/lomu_job_runs_total\{[^}]*scheduled_job="chat-retention"[^}]*outcome="failed"[^}]*\} 1/);
    expect(await runner.run(jobOf(async () => batch(0)))).toMatchObject({ outcome: 'completed' });
    expect((await prisma.maintenanceJob.findUniqueOrThrow({ where: { name: 'chat-retention' } })).lastError).toBeNull();
  });
});

describe('GET /api/maintenance/jobs', () => {
  it('lists every job with its last pass and its next time', async () => {
    const { status, body } = await lomu.client.get('/api/maintenance/jobs');
    expect(status).toBe(200);
    const jobs = lomu.app.get<ScheduledJob[]>(SCHEDULED_JOBS);
    expect(body.items.map((item: { name: string }) => item.name)).toEqual(jobs.map((job) => job.name));
    expect(new Set(jobs.map((job) => job.name)).size).toBe(jobs.length);
    for (const item of body.items) expect(Date.parse(item.nextRunAt)).toBeGreaterThan(Date.now());
    expect((await lomu.client.post('/api/maintenance/jobs/no-such-job/run')).body.code).toBe('job_not_found');
  });
});
