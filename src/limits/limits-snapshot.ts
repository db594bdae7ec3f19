import type { Intent } from '../common/index.js';
import type { LimitKey, LimitValue, LimitValues } from './limit-registry.js';

/** Whom a limit is resolved for. */
export interface LimitSubject {
  readonly userId: string;
  readonly plan: string;
  readonly intent: Intent;
}

/** An experiment arm that had a say in a snapshot. */
export interface AssignedArm {
  readonly experimentId: string;
  readonly arm: string;
}

/**
 * What a run may do, frozen when it was admitted (I6) and kept on its row. Emergency values are not in it, so
 * that lifting an emergency is felt as soon as pressing it: read through `Limits.of`, never from `values`.
 */
export interface LimitsSnapshot {
  readonly revision: number;
  readonly values: LimitValues;
  readonly arms: readonly AssignedArm[];
}

/** Reads limits without I/O. */
export interface Limits {
  /** Pins all values for a run. */
  snapshot(subject: LimitSubject): LimitsSnapshot;
  /** The value for everybody, for bounds that belong to no run. */
  value<Key extends LimitKey>(key: Key): LimitValue<Key>;
  /** The snapshot's value unless the emergency profile says otherwise at this moment (I6). */
  of<Key extends LimitKey>(snapshot: LimitsSnapshot, key: Key): LimitValue<Key>;
}

export const LIMITS_READER = Symbol('Limits');
