import { type ActiveArm, activeArms } from './experiments/assignment.js';
import { explainLimit, type LimitExplanation } from './explain-limit.js';
import { type LimitKey, LIMITS, type LimitValue, type LimitValues } from './limit-registry.js';
import { type LimitScope, scopeIdOf, scopesOf } from './limit-scope.js';
import { clampLimitValue, tighten } from './limit-value.js';
import type { LimitsSnapshot, LimitSubject } from './limits-snapshot.js';
import { type BaseLayers, candidatesFor, type LimitLayers, pickWinner } from './resolve-limit.js';
import type { LimitOverride, StoredLimits } from './stored-limits.js';

export const LIMIT_KEYS: readonly LimitKey[] = Object.freeze(Object.keys(LIMITS) as LimitKey[]);

/**
 * All layers as they stand between two changes. Built once per change, so that reading is a property load;
 * everything it hands out is frozen.
 */
export class LimitsView {
  readonly revision: number;
  /** For everybody, emergency included. */
  readonly values: LimitValues;
  /** What the emergency profile caps; null outside of emergencies. */
  readonly caps: Partial<LimitValues> | null;
  private readonly overrides: ReadonlyMap<string, LimitOverride>;
  private readonly usersWithOverrides: ReadonlySet<string>;
  private readonly snapshots = new Map<string, LimitsSnapshot>();

  /** @param stored what is in force; nothing in it has expired */
  constructor(
    private readonly base: BaseLayers,
    readonly stored: StoredLimits,
  ) {
    this.revision = stored.revision;
    this.overrides = new Map(stored.overrides.map((override) => [overrideId(override.key, override.scope), override]));
    this.usersWithOverrides = new Set(stored.overrides.flatMap(({ scope }) => (scope.kind === 'user' ? [scope.id] : [])));
    this.caps = stored.emergency ? usableCaps(stored.emergency.values) : null;
    const pinned = this.resolve(this.layersFor({}, []));
    this.values = this.caps ? withCaps(pinned, this.caps) : pinned;
  }

  snapshot(subject: LimitSubject): LimitsSnapshot {
    const arms = activeArms(this.stored.experiments, subject);
    const cacheKey = this.cacheKey(subject, arms);
    const cached = this.snapshots.get(cacheKey);
    if (cached) return cached;
    const snapshot: LimitsSnapshot = Object.freeze({
      revision: this.revision,
      values: this.resolve(this.layersFor(subject, arms)),
      arms: Object.freeze(arms.map(({ experimentId, arm }) => Object.freeze({ experimentId, arm: arm.name }))),
    });
    if (this.snapshots.size >= this.values['limits.maxCachedScopes']) this.snapshots.clear(); // rebuilding costs less than keeping order
    this.snapshots.set(cacheKey, snapshot);
    return snapshot;
  }

  /** Every limit for a subject, with what each layer says and why it won or lost. */
  explain(subject: Partial<LimitSubject>): { readonly arms: readonly ActiveArm[]; readonly limits: readonly LimitExplanation[] } {
    const arms = activeArms(this.stored.experiments, subject);
    const layers = this.layersFor(subject, arms);
    return { arms, limits: LIMIT_KEYS.map((key) => explainLimit(key, candidatesFor(key, layers), this.caps?.[key])) };
  }

  private resolve(layers: LimitLayers): LimitValues {
    return Object.freeze(Object.fromEntries(LIMIT_KEYS.map((key) => [key, pickWinner(key, candidatesFor(key, layers)).value]))) as LimitValues;
  }

  private layersFor(subject: Partial<LimitSubject>, arms: readonly ActiveArm[]): LimitLayers {
    return { base: this.base, arms, scopes: scopesOf(subject), findOverride: (key, scope) => this.overrides.get(overrideId(key, scope)) };
  }

  /** Subjects for whom all layers say the same share a snapshot. */
  private cacheKey({ userId, plan, intent }: LimitSubject, arms: readonly ActiveArm[]): string {
    const user = this.usersWithOverrides.has(userId) ? userId : '';
    return JSON.stringify([user, plan, intent, ...arms.map(({ experimentId, arm }) => [experimentId, arm.name])]);
  }
}

function overrideId(key: string, scope: LimitScope): string {
  return `${key}\n${scope.kind}\n${scopeIdOf(scope)}`;
}

function usableCaps(values: ReadonlyMap<string, unknown>): Partial<LimitValues> {
  const caps = LIMIT_KEYS.flatMap((key) => {
    const cap = values.has(key) ? clampLimitValue(key, values.get(key)) : undefined;
    return cap === undefined ? [] : [[key, cap] as const];
  });
  return Object.freeze(Object.fromEntries(caps));
}

function withCaps(values: LimitValues, caps: Partial<LimitValues>): LimitValues {
  return Object.freeze(Object.fromEntries(LIMIT_KEYS.map((key) => [key, capped(key, values[key], caps)]))) as LimitValues;
}

/** A pinned value under the caps of an emergency. */
export function capped<Key extends LimitKey>(key: Key, pinned: LimitValue<Key>, caps: Partial<LimitValues>): LimitValue<Key> {
  const cap = caps[key];
  return cap === undefined ? pinned : (tighten(key, pinned, cap) as LimitValue<Key>);
}
