import type { LimitPrimitive } from './limit-definition.js';
import { type LimitKey, LIMITS } from './limit-registry.js';

/** Why a value may not be given to a limit, or null when it may. Refuses NaN, a float for a whole number and what is out of the hard bounds. */
export function checkLimitValue(key: LimitKey, value: unknown): string | null {
  const result = LIMITS[key].schema.safeParse(value);
  return result.success ? null : (result.error.issues[0]?.message ?? 'is not usable');
}

/**
 * Brings a value within the hard bounds. Undefined when it is of the wrong type altogether, as a row
 * stored by another version may be.
 */
export function clampLimitValue(key: LimitKey, value: unknown): LimitPrimitive | undefined {
  const { min, max, schema } = LIMITS[key];
  const clamped = typeof value === 'number' && min !== null && max !== null ? Math.min(max, Math.max(min, value)) : value;
  const result = schema.safeParse(clamped);
  return result.success ? result.data : undefined;
}

/** The stricter of two values of one limit, as the registry says which way that is. */
export function tighten(key: LimitKey, value: LimitPrimitive, cap: LimitPrimitive): LimitPrimitive {
  switch (LIMITS[key].tighter) {
    case 'lower':
      return cap < value ? cap : value;
    case 'higher':
      return cap > value ? cap : value;
    case 'on':
      return value || cap;
    case 'any':
      return cap === '' ? value : cap;
    case 'neither':
      return value;
  }
}
