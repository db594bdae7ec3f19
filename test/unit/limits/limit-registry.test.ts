import { LIMITS, type LimitDefinition, type LimitKey } from '../../../src/limits/index.js';
import { checkEmergencyKey } from '../../../src/limits/emergency-profile.js';
import { checkLimitValue, clampLimitValue } from '../../../src/limits/limit-value.js';

const ENTRIES = Object.entries(LIMITS) as [LimitKey, LimitDefinition][];
const NUMERIC = ENTRIES.flatMap(([key, { min, max }]) => (min === null || max === null ? [] : [{ key, min, max }]));

describe('the registry of limits', () => {
  it.each(ENTRIES)('%s has defaults that satisfy its own bounds, and says what it is', (key, { default: defaultValue, profiles, description }) => {
    for (const value of [defaultValue, ...Object.values(profiles ?? {})]) expect(checkLimitValue(key, value)).toBeNull();
    expect(description).toMatch(/^[A-Z].{10,}\.$/);
  });

  it.each(NUMERIC)('$key bites at $min and $max: accepted there, refused and clamped beyond', ({ key, min, max }) => {
    expect([checkLimitValue(key, min), checkLimitValue(key, max)]).toEqual([null, null]);
    for (const beyond of [min - 1, max + 1]) expect(checkLimitValue(key, beyond)).toContain(`between ${min} and ${max}`);
    expect([clampLimitValue(key, min - 1), clampLimitValue(key, max + 1)]).toEqual([min, max]);
    for (const junk of [NaN, Infinity, '5', null, undefined, [5], {}]) expect(checkLimitValue(key, junk)).not.toBeNull();
  });

  it('has no limit that an emergency could use to delete data or to charge more', () => {
    const forEmergencies = ENTRIES.map(([key]) => key).filter((key) => checkEmergencyKey(key) === null);
    expect(forEmergencies.filter((key) => /^(retention\.|billing\.charge)/.test(key))).toEqual([]);
  });

  it('lets a ticket outlast the longest run and a question to a person, so that its EventSource can come back until the end', () => {
    const longestRunMs = Math.max(...ENTRIES.flatMap(([key, { default: value }]) => (key.startsWith('run.timeoutMs.') ? [Number(value)] : [])));
    expect(Number(LIMITS['stream.ticketTtlMs'].default)).toBeGreaterThan(longestRunMs + Number(LIMITS['approval.timeoutMs'].default));
  });
});
