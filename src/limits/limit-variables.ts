import { nearestName } from '../common/index.js';
import type { LimitPrimitive } from './limit-definition.js';
import { type LimitKey, LIMITS, limitVariableName, type LimitValues } from './limit-registry.js';
import { checkLimitValue } from './limit-value.js';

const KEY_BY_VARIABLE: ReadonlyMap<string, LimitKey> = new Map((Object.keys(LIMITS) as LimitKey[]).map((key) => [limitVariableName(key), key]));

/** A plain decimal number. `Number()` alone would also take `0x10`, `1e9` and the empty text. */
const NUMBER = /^-?\d+(\.\d+)?$/;

/** Names every fault of the `LIMIT_*` variables, one line each; empty when all are usable. */
export function checkLimitVariables(variables: Readonly<Record<string, string>>): string[] {
  return readVariables(variables).faults;
}

/**
 * The values that `LIMIT_*` variables give.
 * @throws Error naming every fault, for a host that did not check while loading its configuration
 */
export function parseLimitVariables(variables: Readonly<Record<string, string>>): Partial<LimitValues> {
  const { values, faults } = readVariables(variables);
  if (faults.length > 0) throw new Error(`The limit variables are not usable:\n${faults.map((fault) => `  - ${fault}`).join('\n')}`);
  return values;
}

function readVariables(variables: Readonly<Record<string, string>>): { values: Partial<LimitValues>; faults: string[] } {
  const values: Partial<Record<LimitKey, LimitPrimitive>> = {};
  const faults: string[] = [];
  for (const [name, text] of Object.entries(variables)) {
    const key = KEY_BY_VARIABLE.get(name);
    if (key === undefined) {
      faults.push(`${name}: no such limit.${suggestion(name)}`);
      continue;
    }
    const value = parseText(key, text.trim());
    const fault = checkLimitValue(key, value);
    if (fault === null) values[key] = value;
    else faults.push(`${name}: ${fault} (got ${JSON.stringify(text)})`);
  }
  return { values: values as Partial<LimitValues>, faults };
}

/** What does not parse becomes NaN or stays text, which the key's schema then refuses. */
function parseText(key: LimitKey, text: string): LimitPrimitive {
  const { unit } = LIMITS[key];
  if (unit === 'model') return text;
  if (unit === 'switch') return text === 'true' || text === '1' ? true : text === 'false' || text === '0' ? false : text;
  return NUMBER.test(text) ? Number(text) : NaN;
}

function suggestion(name: string): string {
  const nearest = nearestName(name, KEY_BY_VARIABLE.keys());
  return nearest === undefined ? '' : ` Did you mean ${nearest}?`;
}
