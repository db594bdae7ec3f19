import { z } from 'zod';
import type { LimitPrimitive } from './limit-definition.js';
import { isLimitKey, LIMITS, type LimitKey, limitVariableName } from './limit-registry.js';
import { checkLimitValue } from './limit-value.js';
import { nearestName } from '../common/index.js';

/** Why a limit may not be changed at run time, or null when it may. */
export function checkMutable(key: LimitKey): string | null {
  return LIMITS[key].mutable ? null : `is read once at boot; set ${limitVariableName(key)} and restart instead`;
}

/** Why a key is none of the registry's, with the one that may have been meant. */
export function describeUnknownKey(key: string): string {
  const nearest = nearestName(key, Object.keys(LIMITS));
  return `There is no limit ${JSON.stringify(key)}.${nearest === undefined ? '' : ` Did you mean ${nearest}?`}`;
}

/**
 * An object of limit values, keys and values checked against the registry with every fault named.
 * Read key by key rather than as a zod record, which would pass over a `__proto__` key in silence.
 * @param refuse further reasons to refuse a key, beyond being unknown or immutable
 */
export function limitValuesSchema(refuse: (key: LimitKey) => string | null = () => null) {
  return z.custom<Record<string, unknown>>(isPlainObject, 'must be an object of limit keys and values').transform((input, context) => {
    const values: Partial<Record<LimitKey, LimitPrimitive>> = {};
    for (const key of Object.keys(input)) {
      if (!isLimitKey(key)) {
        context.addIssue({ code: 'custom', path: [key], message: describeUnknownKey(key) });
        continue;
      }
      const fault = checkMutable(key) ?? refuse(key) ?? checkLimitValue(key, input[key]);
      if (fault === null) values[key] = input[key] as LimitPrimitive;
      else context.addIssue({ code: 'custom', path: [key], message: fault });
    }
    return values;
  });
}

function isPlainObject(input: unknown): boolean {
  return typeof input === 'object' && input !== null && !Array.isArray(input);
}
