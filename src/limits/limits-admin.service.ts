import { Inject, Injectable } from '@nestjs/common';
import { AppError, CLOCK, type Clock } from '../common/index.js';
import { type Database, PrismaService } from '../database/index.js';
import { behind, decodeCursor, type Page, type PageQuery, toPage } from '../http/index.js';
import { DEFAULT_EMERGENCY_VALUES } from './emergency-profile.js';
import type { LimitPrimitive } from './limit-definition.js';
import { isLimitKey, type LimitKey } from './limit-registry.js';
import { type LimitScope, toScope } from './limit-scope.js';
import { checkLimitValue } from './limit-value.js';
import { checkMutable, describeUnknownKey } from './limit-values-schema.js';
import { LimitsRefresher } from './limits-refresher.js';
import { type AuditDraft, LimitsStore } from './limits-store.js';
import { LimitsService } from './limits.service.js';
import type { LiftEmergency, RemoveOverride, SetEmergency, SetOverride } from './limits.schemas.js';
import { type ChangeContext, deleteEmergency, deleteOverride, type OverrideValue, writeEmergency, writeOverride } from './override-changes.js';

/** An override as clients see it. */
export interface OverrideView {
  readonly key: string;
  readonly scope: LimitScope;
  readonly value: unknown;
  readonly expiresAt: string | null;
  readonly reason: string;
  readonly createdBy: string;
  readonly createdAt: string;
}

/** Changes of limits by people. Each answers the new revision, and this instance has it in force by then. */
@Injectable()
export class LimitsAdminService {
  constructor(
    private readonly prisma: PrismaService,
    private readonly store: LimitsStore,
    private readonly limits: LimitsService,
    private readonly refresher: LimitsRefresher,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** @throws AppError `limit_not_found`, `validation_failed`, `stale_revision` or `limit_exceeded` */
  async setOverride(key: string, request: SetOverride, actor: string): Promise<number> {
    const { scope, value, expiresAt, reason, revision } = request;
    const override = this.checkOverride(key, scope, value, expiresAt);
    return this.change(revision, reason, actor, (database, context) => this.writeOverride(database, override, context));
  }

  /** @throws AppError `limit_not_found`, `override_not_found` or `stale_revision` */
  async removeOverride(key: string, request: RemoveOverride, actor: string): Promise<number> {
    const { scope = { kind: 'global' }, reason = 'removed', revision } = request;
    const limit = requireLimit(key);
    return this.change(revision, reason, actor, (database, context) => deleteOverride(database, limit, scope, context));
  }

  /** @throws AppError `validation_failed` or `stale_revision` */
  async setEmergency(request: SetEmergency, actor: string): Promise<number> {
    const { values = DEFAULT_EMERGENCY_VALUES, expiresAt, reason, revision } = request;
    this.checkExpiry(expiresAt);
    return this.change(revision, reason, actor, (database, context) => writeEmergency(database, values, expiresAt, context));
  }

  /** @throws AppError `override_not_found` when none is on, or `stale_revision` */
  async liftEmergency({ reason = 'lifted', revision }: LiftEmergency, actor: string): Promise<number> {
    return this.change(revision, reason, actor, deleteEmergency);
  }

  async listOverrides({ cursor, limit }: PageQuery): Promise<Page<OverrideView>> {
    const rows = await this.prisma.limitOverride.findMany({
      where: behind('createdAt', decodeCursor(cursor), 'desc'),
      orderBy: [{ createdAt: 'desc' }, { id: 'desc' }],
      take: limit + 1,
    });
    return toPage(rows, limit, ({ createdAt, id }) => ({ at: createdAt, id }), (row) => ({
      key: row.key,
      scope: toScope(row.scopeKind, row.scopeId),
      value: row.value,
      expiresAt: row.expiresAt?.toISOString() ?? null,
      reason: row.reason,
      createdBy: row.createdBy,
      createdAt: row.createdAt.toISOString(),
    }));
  }

  /** Runs a change under the revision and puts it in force here before it answers. */
  async change(
    revision: number | undefined,
    reason: string,
    actor: string,
    write: (database: Database, context: ChangeContext) => Promise<AuditDraft>,
  ): Promise<number> {
    const context = { reason, actor, now: new Date(this.clock.now()) };
    const newRevision = await this.store.change(revision, (database) => write(database, context));
    await this.refresher.refresh();
    return newRevision;
  }

  writeOverride(database: Database, override: OverrideValue, context: ChangeContext): Promise<AuditDraft> {
    return writeOverride(database, override, context, this.limits.value('limits.maxOverrides'));
  }

  /** @throws AppError saying why the override cannot be */
  checkOverride(key: string, scope: LimitScope, value: unknown, expiresAt: Date | null): OverrideValue {
    const limit = requireLimit(key);
    const immutable = checkMutable(limit);
    if (immutable) throw invalid('key', `${limit} ${immutable}`);
    const fault = checkLimitValue(limit, value);
    if (fault) throw invalid('value', fault);
    this.checkExpiry(expiresAt);
    return { key: limit, scope, value: value as LimitPrimitive, expiresAt };
  }

  private checkExpiry(expiresAt: Date | null): void {
    if (expiresAt && expiresAt.getTime() <= this.clock.now()) throw invalid('expiresAt', 'must be in the future');
  }
}

function requireLimit(key: string): LimitKey {
  if (!isLimitKey(key)) throw new AppError('limit_not_found', `${describeUnknownKey(key)} See GET /api/limits for all keys.`);
  return key;
}

function invalid(field: string, message: string): AppError {
  return new AppError('validation_failed', `${field}: ${message}`, { extensions: { errors: [{ field, message }] } });
}
