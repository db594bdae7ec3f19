import { Inject, Injectable } from '@nestjs/common';
import { AppError, CLOCK, type Clock, newId } from '../common/index.js';
import { type Database, Prisma, PrismaService } from '../database/index.js';
import { ChangeQueue } from './change-queue.js';
import { toRunningExperiment } from './experiments/experiment.js';
import type { LimitScope } from './limit-scope.js';
import { scopeIdOf, toScope } from './limit-scope.js';
import { LimitsService } from './limits.service.js';
import type { StoredLimits } from './stored-limits.js';

/** Carries the new revision to the other instances. */
export const LIMITS_CHANNEL = 'lomu_limits';
const REVISION_ID = 'limits';
export const EMERGENCY_ID = 'emergency';

/** What a change writes into the history; the store adds id, revision and time. */
export interface AuditDraft {
  readonly action: AuditAction;
  readonly key?: string;
  readonly scopeKind?: string;
  readonly scopeId?: string;
  readonly oldValue?: Prisma.InputJsonValue;
  readonly newValue?: Prisma.InputJsonValue;
  readonly expiresAt?: Date | null;
  readonly reason: string;
  readonly actor: string;
}

export type AuditAction =
  | 'override.set'
  | 'override.removed'
  | 'emergency.set'
  | 'emergency.lifted'
  | 'experiment.started'
  | 'experiment.stopped'
  | 'experiment.traffic_raised';

/** Limits in the database: read as a whole, changed under a revision. */
@Injectable()
export class LimitsStore {
  private readonly queue: ChangeQueue;

  constructor(
    private readonly prisma: PrismaService,
    private readonly limits: LimitsService,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {
    this.queue = new ChangeQueue(() => limits.value('limits.maxPendingWrites'));
  }

  /** Makes the revision row, once per database. */
  async prepare(): Promise<void> {
    await this.prisma.limitRevision.createMany({ data: [{ id: REVISION_ID, revision: 0, updatedAt: new Date(this.clock.now()) }], skipDuplicates: true });
  }

  /** The cheap question whether there is anything to load. */
  async revision(): Promise<number> {
    return (await this.prisma.limitRevision.findUnique({ where: { id: REVISION_ID } }))?.revision ?? 0;
  }

  /** Everything stored, at one revision. */
  async load(): Promise<StoredLimits> {
    const [revision, overrides, emergency, experiments] = await this.prisma.$transaction(
      [
        this.prisma.limitRevision.findUnique({ where: { id: REVISION_ID } }),
        this.prisma.limitOverride.findMany(),
        this.prisma.limitEmergency.findUnique({ where: { id: EMERGENCY_ID } }),
        this.prisma.experiment.findMany({ where: { status: 'running' }, orderBy: [{ startedAt: 'asc' }, { id: 'asc' }] }),
      ],
      { isolationLevel: Prisma.TransactionIsolationLevel.RepeatableRead },
    );
    return {
      revision: revision?.revision ?? 0,
      overrides: overrides.map(({ scopeKind, scopeId, ...override }) => ({ ...override, scope: toScope(scopeKind, scopeId) })),
      emergency: emergency && { ...emergency, values: new Map(Object.entries(emergency.values ?? {})) },
      experiments: experiments.map(toRunningExperiment),
    };
  }

  /**
   * One change: revision check, rows, history and notification in one transaction. The revision's row is
   * locked first, so changes of all instances come one after another and each sees the one before.
   * @param expectedRevision the revision the change was decided on; undefined to change whatever is there
   * @param write writes the rows and says what belongs into the history
   * @returns the new revision
   * @throws AppError `stale_revision` when others changed the limits in the meantime; nothing is written then
   */
  async change(expectedRevision: number | undefined, write: (database: Database) => Promise<AuditDraft>): Promise<number> {
    const timeout = this.limits.value('limits.writeTimeoutMs');
    return this.queue.run(() =>
      this.prisma.$transaction(
        async (database) => {
          const now = new Date(this.clock.now());
          const revision = await raiseRevision(database, expectedRevision, now);
          const audit = await write(database);
          await database.limitAudit.create({ data: { ...audit, id: newId(), revision, createdAt: now } });
          await database.$executeRaw`SELECT pg_notify(${LIMITS_CHANNEL}, ${String(revision)})`;
          return revision;
        },
        { timeout, maxWait: timeout },
      ),
    );
  }
}

/** The key of an override's row. */
export function overrideKey(key: string, scope: LimitScope): { key: string; scopeKind: string; scopeId: string } {
  return { key, scopeKind: scope.kind, scopeId: scopeIdOf(scope) };
}

async function raiseRevision(database: Database, expected: number | undefined, now: Date): Promise<number> {
  const [raised] = await database.limitRevision.updateManyAndReturn({
    where: { id: REVISION_ID, ...(expected !== undefined && { revision: expected }) },
    data: { revision: { increment: 1 }, updatedAt: now },
  });
  if (raised) return raised.revision;
  const current = (await database.limitRevision.findUnique({ where: { id: REVISION_ID } }))?.revision ?? 0;
  throw new AppError('stale_revision', `The limits are at revision ${current}, not ${expected}. Read them again, then decide anew.`, { extensions: { revision: current } });
}
