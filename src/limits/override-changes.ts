import { AppError, newId } from '../common/index.js';
import type { Database, Prisma } from '../database/index.js';
import type { LimitPrimitive } from './limit-definition.js';
import type { LimitKey } from './limit-registry.js';
import { describeScope, type LimitScope } from './limit-scope.js';
import { type AuditDraft, EMERGENCY_ID, overrideKey } from './limits-store.js';

/** Who changes something, when, and why. */
export interface ChangeContext {
  readonly actor: string;
  readonly reason: string;
  readonly now: Date;
}

export interface OverrideValue {
  readonly key: LimitKey;
  readonly scope: LimitScope;
  readonly value: LimitPrimitive;
  readonly expiresAt: Date | null;
}

/**
 * Writes an override over whatever was there.
 * @throws AppError `limit_exceeded` when `maxOverrides` are in force already
 */
export async function writeOverride(database: Database, override: OverrideValue, context: ChangeContext, maxOverrides: number): Promise<AuditDraft> {
  const { scope, value, expiresAt } = override;
  const { actor, reason, now } = context;
  const where = overrideKey(override.key, scope);
  const old = await database.limitOverride.findUnique({ where: { key_scopeKind_scopeId: where } });
  if (!old) await makeRoom(database, now, maxOverrides);
  const data = { value, expiresAt, reason, createdBy: actor, createdAt: now };
  await database.limitOverride.upsert({ where: { key_scopeKind_scopeId: where }, create: { id: newId(), ...where, ...data }, update: data });
  return { action: 'override.set', ...where, oldValue: old && !hasExpired(old, now) ? storedValue(old) : undefined, newValue: value, expiresAt, reason, actor };
}

/** @throws AppError `override_not_found` */
export async function deleteOverride(database: Database, key: LimitKey, scope: LimitScope, { actor, reason, now }: ChangeContext): Promise<AuditDraft> {
  const where = overrideKey(key, scope);
  const old = await database.limitOverride.findUnique({ where: { key_scopeKind_scopeId: where } });
  if (!old || hasExpired(old, now)) throw new AppError('override_not_found', `There is no override of ${key} for ${describeScope(scope)}. See GET /api/limits/overrides.`);
  await database.limitOverride.delete({ where: { id: old.id } });
  return { action: 'override.removed', ...where, oldValue: storedValue(old), reason, actor };
}

/** Turns the emergency profile on, or replaces its values. */
export async function writeEmergency(
  database: Database,
  values: Readonly<Partial<Record<LimitKey, LimitPrimitive>>>,
  expiresAt: Date | null,
  { actor, reason, now }: ChangeContext,
): Promise<AuditDraft> {
  const old = await database.limitEmergency.findUnique({ where: { id: EMERGENCY_ID } });
  const data = { values, expiresAt, reason, createdBy: actor, createdAt: now };
  await database.limitEmergency.upsert({ where: { id: EMERGENCY_ID }, create: { id: EMERGENCY_ID, ...data }, update: data });
  return { action: 'emergency.set', oldValue: old && !hasExpired(old, now) ? (old.values as Prisma.InputJsonObject) : undefined, newValue: values, expiresAt, reason, actor };
}

/** @throws AppError `override_not_found` when no emergency profile is on */
export async function deleteEmergency(database: Database, { actor, reason, now }: ChangeContext): Promise<AuditDraft> {
  const old = await database.limitEmergency.findUnique({ where: { id: EMERGENCY_ID } });
  if (!old || hasExpired(old, now)) throw new AppError('override_not_found', 'No emergency profile is on.');
  await database.limitEmergency.delete({ where: { id: EMERGENCY_ID } });
  return { action: 'emergency.lifted', oldValue: old.values as Prisma.InputJsonObject, reason, actor };
}

async function makeRoom(database: Database, now: Date, maxOverrides: number): Promise<void> {
  await database.limitOverride.deleteMany({ where: { expiresAt: { lte: now } } });
  if ((await database.limitOverride.count()) < maxOverrides) return;
  throw new AppError('limit_exceeded', `There are ${maxOverrides} overrides already (limits.maxOverrides). Remove some first.`);
}

function hasExpired({ expiresAt }: { readonly expiresAt: Date | null }, now: Date): boolean {
  return expiresAt !== null && expiresAt <= now;
}

function storedValue(row: { readonly value: Prisma.JsonValue }): LimitPrimitive {
  return row.value as LimitPrimitive; // only checked values are ever written
}
