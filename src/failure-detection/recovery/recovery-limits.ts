import type { Limits, LimitsSnapshot } from '../../limits/index.js';
import type { RecoveryLimits } from './recovery-decision.js';

/** The budget of a run as its snapshot and the emergency profile have it now (I6). */
export function recoveryLimitsOf(limits: Limits, snapshot: LimitsSnapshot): RecoveryLimits {
  return {
    maxRetriesPerRun: limits.of(snapshot, 'retry.maxPerRun'),
    maxBackoffMs: limits.of(snapshot, 'retry.maxBackoffMs'),
    firstDelayMs: limits.of(snapshot, 'retry.firstDelayMs'),
    maxDelayMs: limits.of(snapshot, 'retry.maxDelayMs'),
    maxServerDelayMs: limits.of(snapshot, 'retry.maxServerDelayMs'),
  };
}
