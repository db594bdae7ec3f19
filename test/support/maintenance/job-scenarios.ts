import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, utimes } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { newId } from '../../../src/common/index.js';
import { RUN_EVENT_LOG, type RunEventLog } from '../../../src/streaming/index.js';
import { seedRun, type SeededRun } from '../chat/seed-run.js';
import { seedExperimentRuns } from '../experiment-runs.js';
import type { TestApp } from '../test-app.js';

/** Things of each job that are due. */
export const DUE = 5;

/** What a job has to do, and how to count what it did. */
export interface JobScenario {
  readonly job: string;
  /** Whether its rows are what it changed, so that their sum over all passes says whether something was done twice. Default true. */
  readonly countsChanges?: boolean;
  /** Leases are times: a jump of the clock ends those of runs at work, which are then taken over, too. Default false. */
  readonly followsWallTime?: boolean;
  /** Makes `DUE` things due; the returned function tells the effect on them. */
  prepare(instances: readonly TestApp[], now: () => number): Promise<() => Promise<unknown>>;
  /** What `prepare`'s function tells when everything was done once. */
  readonly once: unknown;
}

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const NEVER = new Date('9999-01-01');
const times = <Value>(make: (index: number) => Promise<Value>): Promise<Value[]> => Promise.all(Array.from({ length: DUE }, (_, index) => make(index)));
const prismaOf = ([instance]: readonly TestApp[]) => (instance as TestApp).database.prisma;

/** Of two users, so that no account stands for all. */
const userOf = (index: number): string => `user-${index % 2}`;

async function seedEnded(instances: readonly TestApp[], finishedAt: Date): Promise<SeededRun[]> {
  for (const index of [0, 1]) await prismaOf(instances).creditAccount.upsert({ where: { userId: userOf(index) }, create: { userId: userOf(index), allowanceDueAt: NEVER }, update: {} });
  return times((index) => seedRun(prismaOf(instances), { status: 'completed', startedAt: finishedAt, finishedAt }, userOf(index)));
}

export const JOB_SCENARIOS: readonly JobScenario[] = [
  {
    job: 'orphaned-runs',
    followsWallTime: true,
    once: Array.from({ length: DUE }, () => ({ status: 'completed', answers: 1 })),
    prepare: async (instances, now) => {
      const prisma = prismaOf(instances);
      await prisma.creditAccount.upsert({ where: { userId: 'local' }, create: { userId: 'local', postedNanoUsd: 1_000_000_000n, allowanceDueAt: NEVER }, update: {} });
      await prisma.ledgerEntry.createMany({ data: [{ id: newId(), userId: 'local', kind: 'grant', amountNanoUsd: 1_000_000_000n, balanceNanoUsd: 1_000_000_000n, idempotencyKey: 'test', reason: '', createdBy: 'test' }], skipDuplicates: true });
      const runs = await times(() => seedRun(prisma, { status: 'running', startedAt: new Date(now()), leaseOwner: 'gone', leaseExpiresAt: new Date(now() - 1_000) }));
      return async () => {
        const ids = runs.map(({ id }) => id);
        while ((await prisma.run.count({ where: { id: { in: ids }, finishedAt: null } })) > 0) await sleep(20); // whichever instance works on them
        const rows = await prisma.run.findMany({ where: { id: { in: ids } }, select: { id: true, status: true } });
        return Promise.all(rows.map(async ({ id, status }) => ({ status, answers: await prisma.message.count({ where: { runId: id, role: 'assistant' } }) })));
      };
    },
  },
  {
    job: 'expired-approvals',
    once: { answered: DUE, answers: 1, waiting: DUE },
    prepare: async (instances, now) => {
      const prisma = prismaOf(instances);
      const runs = await times(() => seedRun(prisma, { status: 'waiting', startedAt: new Date(now()) }));
      for (const { id: runId } of runs) {
        const step = await prisma.step.create({ data: { id: newId(), runId, iteration: 1, attempt: 1, model: 'm', content: {}, finishReason: 'tool_calls', durationMs: 1 } });
        const call = (callId: string, dueInMs: number) => ({ id: newId(), runId, stepId: step.id, callId, iteration: 1, position: 0, name: 'run_command', input: {}, isReadOnly: false, status: 'waiting', approval: { requestedAt: '' }, expiresAt: new Date(now() + dueInMs) });
        await prisma.toolCall.createMany({ data: [call('due', -1_000), call('later', 60 * DAY)] });
      }
      const answersSeen = new Set<string>();
      return async () => {
        const calls = await prisma.toolCall.findMany({ where: { runId: { in: runs.map(({ id }) => id) } } });
        const due = calls.filter(({ callId }) => callId === 'due');
        for (const { runId, approval } of due) answersSeen.add(`${runId} ${JSON.stringify(approval)}`); // a second answer would have another time
        const answered = due.filter(({ status, approval }) => status === 'pending' && JSON.stringify(approval).includes('"by":"timeout"')).length;
        return { answered, answers: answersSeen.size / DUE, waiting: calls.filter(({ callId, status }) => callId === 'later' && status === 'waiting').length };
      };
    },
  },
  {
    job: 'alerts',
    countsChanges: false,
    once: { episodes: 1, notifications: ['firing'] },
    prepare: async (instances, now) => {
      const prisma = prismaOf(instances);
      await prisma.alertEpisode.deleteMany();
      const check = { differenceNanoUsd: 5_000_000_000n, checkedAt: new Date(now()) };
      await prisma.ledgerCheck.upsert({ where: { id: 'latest' }, create: { id: 'latest', ...check }, update: check });
      return async () => {
        const episodes = await prisma.alertEpisode.findMany({ where: { alert: 'ledger_imbalance' }, include: { notifications: true } });
        return { episodes: episodes.length, notifications: episodes.flatMap(({ notifications }) => notifications.map(({ state }) => state)) };
      };
    },
  },
  {
    job: 'experiment-guardrails',
    countsChanges: false,
    once: { status: 'stopped', stops: 1 },
    prepare: async (instances, now) => {
      const prisma = prismaOf(instances);
      const id = newId();
      const arms = [{ name: 'control', weight: 1, values: {} }, { name: 'treatment', weight: 1, values: { 'iteration.maxEmpty': 5 } }];
      await prisma.experiment.create({ data: { id, name: id, status: 'running', trafficSalt: id, armSalt: id, trafficBasisPoints: 0, arms, guardrails: [{ metric: 'failureRate', tolerance: 0 }], createdBy: 'test', startedAt: new Date(now() - HOUR) } });
      await seedExperimentRuns(prisma, id);
      const treated = await prisma.experimentExposure.findMany({ where: { experimentId: id, arm: 'treatment' } });
      await prisma.run.updateMany({ where: { id: { in: treated.flatMap(({ runId }) => runId ?? []) } }, data: { status: 'failed' } });
      await prisma.run.updateMany({ where: { userId: { startsWith: 'treatment-' } }, data: { finishedAt: new Date(now()) } });
      await prisma.run.updateMany({ where: { userId: { startsWith: 'control-' } }, data: { finishedAt: new Date(now()) } });
      return async () => ({
        status: (await prisma.experiment.findUniqueOrThrow({ where: { id } })).status,
        stops: (await prisma.limitAudit.findMany({ where: { action: 'experiment.stopped' } })).filter((audit) => JSON.stringify(audit).includes(id)).length,
      });
    },
  },
  {
    job: 'expired-holds',
    once: { held: 0n, statuses: ['expired', 'lost', 'lost', 'lost', 'lost'], presumed: 4 },
    prepare: async (instances, now) => {
      const prisma = prismaOf(instances);
      const userId = newId();
      await prisma.creditHold.updateMany({ where: { status: 'held' }, data: { leaseExpiresAt: NEVER } }); // of runs that were taken over in the middle of a call
      await prisma.creditAccount.create({ data: { userId, heldNanoUsd: BigInt(7 * DUE), allowanceDueAt: NEVER } });
      await prisma.creditHold.createMany({
        data: await times(async (index) => {
          const runId = newId();
          const dispatchedAt = index === 0 ? null : new Date(now() - HOUR);
          return { id: `${runId}:1:1`, userId, runId, amountNanoUsd: 7n, maxOutputTokens: 1, inputTokens: 1, model: 'm', intent: 'fix', status: 'held', dispatchedAt, leaseExpiresAt: new Date(now() - 1_000) };
        }),
      });
      return async () => ({
        held: (await prisma.creditAccount.findUniqueOrThrow({ where: { userId } })).heldNanoUsd,
        statuses: (await prisma.creditHold.findMany({ where: { userId } })).map(({ status }) => status).sort(),
        presumed: await prisma.usageRecord.count({ where: { userId, isPresumed: true } }),
      });
    },
  },
  {
    job: 'monthly-allowance',
    countsChanges: false, // it counts the accounts that it looked at
    once: { granted: DUE, doubled: 0, unbalanced: 0 },
    prepare: async (instances, now) => {
      const prisma = prismaOf(instances);
      const userIds = await times(async () => newId());
      await prisma.creditAccount.createMany({ data: userIds.map((userId) => ({ userId, createdAt: new Date(now() - 62 * DAY), allowanceDueAt: new Date(now() - 1_000) })) });
      const reasons = [now(), now() + 3 * DAY].map((at) => `Allowance for ${new Date(at).toISOString().slice(0, 7)}`); // a clock that jumps may get into the next month
      return async () => {
        const entries = await prisma.ledgerEntry.findMany({ where: { userId: { in: userIds }, kind: 'allowance' } });
        const accounts = await prisma.creditAccount.findMany({ where: { userId: { in: userIds } } });
        const sumOf = (userId: string) => entries.filter((entry) => entry.userId === userId).reduce((sum, { amountNanoUsd }) => sum + amountNanoUsd, 0n);
        return {
          granted: new Set(entries.filter(({ reason }) => reasons.includes(reason)).map(({ userId }) => userId)).size,
          doubled: entries.length - new Set(entries.map(({ userId, reason }) => `${userId} ${reason}`)).size,
          unbalanced: accounts.filter(({ userId, postedNanoUsd }) => postedNanoUsd !== sumOf(userId)).length,
        };
      };
    },
  },
  {
    job: 'ledger-reconciliation',
    countsChanges: false,
    once: { difference: 11n, ledger: 'unchanged' },
    prepare: async (instances) => {
      const prisma = prismaOf(instances);
      const userId = newId();
      await prisma.creditAccount.updateMany({ where: { userId: { startsWith: 'wrong-' } }, data: { postedNanoUsd: 0n } });
      await prisma.creditAccount.create({ data: { userId: `wrong-${userId}`, postedNanoUsd: 11n, allowanceDueAt: NEVER } });
      await prisma.ledgerCheck.deleteMany();
      const moneyOf = async () => JSON.stringify([await prisma.ledgerEntry.findMany({ orderBy: { id: 'asc' } }), await prisma.creditAccount.findMany({ orderBy: { userId: 'asc' } })], (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value));
      const before = await moneyOf();
      return async () => ({ difference: (await prisma.ledgerCheck.findUnique({ where: { id: 'latest' } }))?.differenceNanoUsd, ledger: (await moneyOf()) === before ? 'unchanged' : 'changed' });
    },
  },
  {
    job: 'inactive-sessions',
    once: { ended: DUE, ends: 1 },
    prepare: async (instances, now) => {
      const prisma = prismaOf(instances);
      await prisma.conversationSession.updateMany({ where: { endedAt: null }, data: { endedAt: new Date(now()) } }); // other scenarios'
      const ids = (await seedEnded(instances, new Date(now() - 25 * HOUR))).map(({ sessionId }) => sessionId);
      await prisma.conversationSession.updateMany({ where: { id: { in: ids } }, data: { lastActiveAt: new Date(now() - 25 * HOUR) } });
      const ends = new Set<string>();
      return async () => {
        const sessions = await prisma.conversationSession.findMany({ where: { id: { in: ids }, endedAt: { not: null } } });
        for (const { id, endedAt } of sessions) ends.add(`${id} ${endedAt?.toISOString()}`);
        return { ended: sessions.length, ends: ends.size / DUE };
      };
    },
  },
  {
    job: 'chat-retention',
    once: 0,
    prepare: async (instances, now) => {
      const prisma = prismaOf(instances);
      const ids = (await seedEnded(instances, new Date(now() - 31 * DAY))).map(({ conversationId }) => conversationId);
      await prisma.conversation.updateMany({ where: { id: { in: ids } }, data: { lastActiveAt: new Date(now() - 31 * DAY) } });
      return () => prisma.conversation.count({ where: { id: { in: ids } } });
    },
  },
  {
    job: 'metrics-retention',
    once: { runs: 0, messages: DUE },
    prepare: async (instances, now) => {
      const prisma = prismaOf(instances);
      const runs = await seedEnded(instances, new Date(now() - 91 * DAY));
      return async () => ({ runs: await prisma.run.count({ where: { id: { in: runs.map(({ id }) => id) } } }), messages: await prisma.message.count({ where: { conversationId: { in: runs.map(({ conversationId }) => conversationId) } } }) });
    },
  },
  {
    job: 'expired-idempotency-keys',
    once: 0,
    prepare: async (instances, now) => {
      const prisma = prismaOf(instances);
      const scope = newId();
      await prisma.idempotencyRecord.createMany({ data: await times(async (index) => ({ userId: 'local', scope, key: String(index), requestHash: 'h', resourceId: 'r', expiresAt: new Date(now() - 1_000) })) });
      return () => prisma.idempotencyRecord.count({ where: { scope } });
    },
  },
  {
    job: 'incident-retention',
    once: 0,
    prepare: async (instances, now) => {
      const prisma = prismaOf(instances);
      const pattern = newId();
      await prisma.failureIncident.createMany({
        data: await times(async () => ({ id: newId(), runId: newId(), userId: 'local', iteration: 1, attempt: 1, pattern, category: 'model', severity: 'low', strategy: 'retry', action: {}, detail: '', outcome: 'open', createdAt: new Date(now() - 91 * DAY) })),
      });
      return () => prisma.failureIncident.count({ where: { pattern } });
    },
  },
  {
    job: 'alert-retention',
    once: 0,
    prepare: async (instances, now) => {
      const prisma = prismaOf(instances);
      const alert = newId();
      await prisma.alertEpisode.createMany({ data: await times(async () => ({ id: newId(), alert, severity: 'warning', unit: '', value: 1, threshold: 1, since: new Date(now() - 92 * DAY), resolvedAt: new Date(now() - 91 * DAY) })) });
      return () => prisma.alertEpisode.count({ where: { alert } });
    },
  },
  {
    job: 'deleted-runs',
    once: 0,
    prepare: async (instances, now) => {
      const prisma = prismaOf(instances);
      const projectId = newId();
      const ids = await times(async () => newId());
      await prisma.removal.createMany({ data: ids.map((id) => ({ id, kind: 'run', projectId, dueAt: new Date(now() - 1_000) })) });
      return () => prisma.removal.count({ where: { id: { in: ids } } });
    },
  },
  {
    job: 'workspace-cleanup',
    once: { removals: 0, folders: 0 },
    prepare: async (instances, now) => {
      const prisma = prismaOf(instances);
      const directory = instances[0]?.config.workspaces.directory ?? '';
      const ids = await times(async () => newId());
      for (const id of ids) await mkdir(join(directory, id, 'src'), { recursive: true });
      await prisma.removal.createMany({ data: ids.map((id) => ({ id, kind: 'project', dueAt: new Date(now() - 1_000) })) });
      return async () => ({ removals: await prisma.removal.count({ where: { id: { in: ids } } }), folders: ids.filter((id) => existsSync(join(directory, id))).length });
    },
  },
  {
    job: 'sandbox-cleanup',
    countsChanges: false, // the temporary folder is everybody's
    once: 0,
    prepare: async (_, now) => {
      const folders = await times(() => mkdtemp(join(tmpdir(), 'lomu-sandbox-test-')));
      for (const folder of folders) await utimes(folder, new Date(now() - 2 * HOUR), new Date(now() - 2 * HOUR));
      return async () => folders.filter((folder) => existsSync(folder)).length;
    },
  },
  {
    job: 'event-log-trim',
    countsChanges: false, // each instance has its own
    once: [0, 0],
    prepare: async (instances) => {
      const logs = instances.map(({ app }) => app.get<RunEventLog>(RUN_EVENT_LOG));
      const ids = await times(async () => newId());
      for (const log of logs) for (const id of ids) await log.openWriter(id, 1, 0);
      return async () => logs.map((log) => log.keptHere().filter((id) => ids.includes(id)).length);
    },
  },
];
