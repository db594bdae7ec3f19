import { Inject, Injectable } from '@nestjs/common';
import { AppError, CLOCK, type Clock, isId } from '../common/index.js';
import { type Prisma, PrismaService } from '../database/index.js';
import { decodeCursor, type Page, toPage } from '../http/index.js';
import { checkEmergencyKey } from './emergency-profile.js';
import { type LimitScope, toScope } from './limit-scope.js';
import { limitValuesSchema } from './limit-values-schema.js';
import { LimitsAdminService } from './limits-admin.service.js';
import type { HistoryQuery, Revert } from './limits.schemas.js';
import { deleteEmergency, deleteOverride, writeEmergency } from './override-changes.js';
import { isLimitKey } from './limit-registry.js';

type AuditRow = Prisma.LimitAuditGetPayload<object>;

/** Who changed what, when and why. */
export interface HistoryEntry {
  readonly id: string;
  /** The revision that the change made. */
  readonly revision: number;
  readonly action: string;
  readonly key: string | null;
  readonly scope: LimitScope | null;
  /** Of a change of an experiment. */
  readonly experimentId: string | null;
  readonly oldValue: unknown;
  readonly newValue: unknown;
  readonly expiresAt: string | null;
  readonly reason: string;
  readonly actor: string;
  readonly createdAt: string;
}

/** The history of all changes, and the way back from any of them. */
@Injectable()
export class LimitsHistoryService {
  constructor(
    private readonly prisma: PrismaService,
    private readonly admin: LimitsAdminService,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** The latest first. Revisions order the history: clocks of several instances need not agree. */
  async list({ cursor, limit, key }: HistoryQuery): Promise<Page<HistoryEntry>> {
    const after = decodeCursor(cursor);
    const rows = await this.prisma.limitAudit.findMany({
      where: { key },
      orderBy: { revision: 'desc' },
      ...(after && { cursor: { id: after.id }, skip: 1 }),
      take: limit + 1,
    });
    return toPage(rows, limit, ({ createdAt, id }) => ({ at: createdAt, id }), present);
  }

  /**
   * Puts back what was in force before an entry, as a change of its own. An earlier override that has
   * run out since is not raised from the dead.
   * @throws AppError `history_entry_not_found`, `stale_revision`, or `invalid_state` when there is no way back
   */
  async revert(id: string, { reason, revision }: Revert, actor: string): Promise<number> {
    const entry = isId(id) ? await this.prisma.limitAudit.findUnique({ where: { id } }) : null;
    if (!entry) throw new AppError('history_entry_not_found', 'The history has no such entry. See GET /api/limits/history.');
    const why = reason ?? `revert of revision ${entry.revision}`;
    if (entry.action.startsWith('emergency.')) return this.revertEmergency(entry, why, revision, actor);
    if (entry.key !== null) return this.revertOverride(entry, entry.key, why, revision, actor);
    throw new AppError('invalid_state', 'Experiments go one way, from draft to running to stopped. Stop it with PATCH /api/experiments/:id, or begin a new one.');
  }

  private async revertOverride(entry: AuditRow, key: string, reason: string, revision: number | undefined, actor: string): Promise<number> {
    const scope = toScope(entry.scopeKind ?? 'global', entry.scopeId ?? '');
    const before = await this.before(entry, { key, scopeKind: entry.scopeKind, scopeId: entry.scopeId });
    if (!before && isLimitKey(key)) return this.admin.change(revision, reason, actor, (database, context) => deleteOverride(database, key, scope, context));
    const override = this.admin.checkOverride(key, scope, before?.newValue, before?.expiresAt ?? null);
    return this.admin.change(revision, reason, actor, (database, context) => this.admin.writeOverride(database, override, context));
  }

  private async revertEmergency(entry: AuditRow, reason: string, revision: number | undefined, actor: string): Promise<number> {
    const before = await this.before(entry, { action: { startsWith: 'emergency.' } });
    if (!before) return this.admin.change(revision, reason, actor, deleteEmergency);
    const values = limitValuesSchema(checkEmergencyKey).safeParse(before.newValue);
    if (!values.success) throw new AppError('invalid_state', `That emergency profile no longer suits the registry: ${values.error.issues.map(({ message }) => message).join('; ')}`);
    return this.admin.change(revision, reason, actor, (database, context) => writeEmergency(database, values.data, before.expiresAt, context));
  }

  /** The change before an entry on the same thing, if it left a value that has not run out. */
  private async before(entry: AuditRow, same: Prisma.LimitAuditWhereInput): Promise<AuditRow | null> {
    const before = await this.prisma.limitAudit.findFirst({ where: { ...same, revision: { lt: entry.revision } }, orderBy: { revision: 'desc' } });
    if (!before || before.newValue === null) return null;
    return before.expiresAt === null || before.expiresAt.getTime() > this.clock.now() ? before : null;
  }
}

function present(row: AuditRow): HistoryEntry {
  const { id, revision, action, key, scopeKind, scopeId, oldValue, newValue, expiresAt, reason, actor, createdAt } = row;
  return {
    id,
    revision,
    action,
    key,
    scope: key === null ? null : toScope(scopeKind ?? 'global', scopeId ?? ''),
    experimentId: scopeKind === 'experiment' ? scopeId : null,
    oldValue,
    newValue,
    expiresAt: expiresAt?.toISOString() ?? null,
    reason,
    actor,
    createdAt: createdAt.toISOString(),
  };
}
