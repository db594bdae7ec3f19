import type { LimitPrimitive } from './limit-definition.js';
import { LIMITS, type LimitKey } from './limit-registry.js';

/**
 * What an emergency caps when nothing else is said: short runs with small outputs and few tools, so that what
 * goes on costs a fraction. Refusing new runs (`chat.refuseNewRuns`) and a cheaper model
 * (`model.emergencyModel`) are up to the person who presses the button: the one stops the service, and which
 * models exist is not known here.
 */
export const DEFAULT_EMERGENCY_VALUES: Readonly<Partial<Record<LimitKey, LimitPrimitive>>> = Object.freeze({
  'iteration.maxByIntent.casual': 1,
  'iteration.maxByIntent.search': 2,
  'iteration.maxByIntent.analysis': 2,
  'iteration.maxByIntent.fix': 3,
  'iteration.maxByIntent.refactor': 3,
  'iteration.maxByIntent.default': 3,
  'model.maxOutputTokens': 16_384,
  'model.maxOutputTokensPerCall': 4_096,
  'tool.maxPerIteration': 2,
  'retry.maxPerRun': 1,
  'chat.maxConcurrentRunsPerUser': 1,
});

/** Why a limit has no place in an emergency profile, or null when it has. */
export function checkEmergencyKey(key: LimitKey): string | null {
  return LIMITS[key].tighter === 'neither' ? 'has no stricter side and so no place in an emergency; set an override instead' : null;
}
