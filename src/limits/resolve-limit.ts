import type { ActiveArm } from './experiments/assignment.js';
import type { LimitPrimitive, LimitsProfile } from './limit-definition.js';
import { type LimitKey, LIMITS, type LimitValues } from './limit-registry.js';
import type { LimitScope } from './limit-scope.js';
import { clampLimitValue } from './limit-value.js';

export type LimitSource = 'default' | 'profile' | 'env' | 'override' | 'experiment' | 'emergency';

/** A value that some layer gives to a limit. */
export interface LimitCandidate {
  readonly source: LimitSource;
  readonly value: unknown;
  readonly scope?: LimitScope;
  readonly experimentId?: string;
  readonly arm?: string;
}

/** The layers fixed at boot: what the environment says, and whose profile fills the rest. */
export interface BaseLayers {
  readonly profile: LimitsProfile;
  readonly environment: Partial<LimitValues>;
}

/** What each layer says to one subject. */
export interface LimitLayers {
  readonly base: BaseLayers;
  readonly arms: readonly ActiveArm[];
  /** The most specific first. */
  readonly scopes: readonly LimitScope[];
  readonly findOverride: (key: LimitKey, scope: LimitScope) => { readonly value: unknown } | undefined;
}

/**
 * The values of a limit below the emergency profile, the strongest first:
 * experiment arm, override (user, intent, plan, global), environment variable, profile, default.
 */
export function candidatesFor(key: LimitKey, layers: LimitLayers): LimitCandidate[] {
  const candidates: LimitCandidate[] = [];
  for (const { experimentId, arm } of layers.arms) {
    if (arm.values.has(key)) candidates.push({ source: 'experiment', value: arm.values.get(key), experimentId, arm: arm.name });
  }
  for (const scope of layers.scopes) {
    const override = layers.findOverride(key, scope);
    if (override) candidates.push({ source: 'override', value: override.value, scope });
  }
  const { environment, profile } = layers.base;
  const { profiles, default: defaultValue } = LIMITS[key];
  if (environment[key] !== undefined) candidates.push({ source: 'env', value: environment[key] });
  if (profiles?.[profile] !== undefined) candidates.push({ source: 'profile', value: profiles[profile] });
  candidates.push({ source: 'default', value: defaultValue });
  return candidates;
}

/** The first candidate of the right type, within the hard bounds. A row that another version wrote cannot break a read. */
export function pickWinner(key: LimitKey, candidates: readonly LimitCandidate[]): { candidate: LimitCandidate; value: LimitPrimitive } {
  for (const candidate of candidates) {
    const value = clampLimitValue(key, candidate.value);
    if (value !== undefined) return { candidate, value };
  }
  throw new Error(`The default of ${key} does not satisfy its own schema.`);
}
