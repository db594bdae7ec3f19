import type { RunningExperiment } from './experiments/assignment.js';
import type { LimitScope } from './limit-scope.js';

/** A value set at run time. `value` is as stored: a row of another version may no longer suit the registry. */
export interface LimitOverride {
  readonly key: string;
  readonly scope: LimitScope;
  readonly value: unknown;
  readonly reason: string;
  readonly createdBy: string;
  readonly createdAt: Date;
  readonly expiresAt: Date | null;
}

/** Caps that hold for everybody at once, also for runs that are under way. */
export interface EmergencyProfile {
  readonly values: ReadonlyMap<string, unknown>;
  readonly reason: string;
  readonly createdBy: string;
  readonly createdAt: Date;
  readonly expiresAt: Date | null;
}

/** Everything the database says about limits, read in one transaction. */
export interface StoredLimits {
  readonly revision: number;
  readonly overrides: readonly LimitOverride[];
  readonly emergency: EmergencyProfile | null;
  readonly experiments: readonly RunningExperiment[];
}

export const NOTHING_STORED: StoredLimits = { revision: 0, overrides: [], emergency: null, experiments: [] };

/** The earliest moment after `now` (epoch ms) at which something stored runs out; Infinity when nothing does. */
export function nextExpiry(stored: StoredLimits, now: number): number {
  let next = Infinity;
  for (const { expiresAt } of stored.emergency ? [...stored.overrides, stored.emergency] : stored.overrides) {
    const at = expiresAt?.getTime() ?? Infinity;
    if (at > now && at < next) next = at;
  }
  return next;
}

/** What is still in force at `now` (epoch ms). */
export function inForce(stored: StoredLimits, now: number): StoredLimits {
  const holds = ({ expiresAt }: { expiresAt: Date | null }): boolean => expiresAt === null || expiresAt.getTime() > now;
  return {
    ...stored,
    overrides: stored.overrides.filter(holds),
    emergency: stored.emergency && holds(stored.emergency) ? stored.emergency : null,
  };
}
