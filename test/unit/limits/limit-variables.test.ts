import { checkLimitVariables, LIMITS, limitVariableName } from '../../../src/limits/index.js';

describe('checkLimitVariables', () => {
  it('accepts good values of every type', () => {
    expect(
      checkLimitVariables({
        LIMIT_ITERATION_MAX_BY_INTENT_FIX: '7',
        LIMIT_BILLING_CEILING_FACTOR: '1.5',
        LIMIT_CHAT_REFUSE_NEW_RUNS: 'true',
        LIMIT_MODEL_EMERGENCY_MODEL: 'offline/planner',
      }),
    ).toEqual([]);
  });

  it('names every fault at once', () => {
    const faults = checkLimitVariables({ LIMIT_ITERATION_MAX_EMPTY: 'abc', LIMIT_RETRY_MAX_PER_RUN: '2.5', LIMIT_NONSENSE: '1' });
    expect(faults).toHaveLength(3);
  });

  it.each([
    ['LIMIT_ITERATION_MAX_BY_INTENT_FIX', 'abc', 'must be a whole number (got "abc")'],
    ['LIMIT_ITERATION_MAX_BY_INTENT_FIX', 'NaN', 'must be a whole number (got "NaN")'],
    ['LIMIT_ITERATION_MAX_BY_INTENT_FIX', 'Infinity', 'must be a whole number (got "Infinity")'],
    ['LIMIT_ITERATION_MAX_BY_INTENT_FIX', '0x10', 'must be a whole number (got "0x10")'],
    ['LIMIT_ITERATION_MAX_BY_INTENT_FIX', '1.5', 'must be a whole number (got "1.5")'],
    ['LIMIT_ITERATION_MAX_BY_INTENT_FIX', '0', 'must be between 1 and 100 (count) (got "0")'],
    ['LIMIT_ITERATION_MAX_BY_INTENT_FIX', '101', 'must be between 1 and 100 (count) (got "101")'],
    ['LIMIT_BILLING_CEILING_FACTOR', 'much', 'must be a number (got "much")'],
    ['LIMIT_CHAT_REFUSE_NEW_RUNS', 'yes', 'must be true or false (got "yes")'],
    ['LIMIT_MODEL_EMERGENCY_MODEL', 'planner', 'must be provider/model or empty (got "planner")'],
  ])('%s=%s is refused with the reason', (name, text, reason) => {
    expect(checkLimitVariables({ [name]: text })).toEqual([`${name}: ${reason}`]);
  });

  it('suggests the variable that was meant', () => {
    expect(checkLimitVariables({ LIMIT_ITERATIONS_MAX_BY_INTENT_FIX: '5' })).toEqual([
      'LIMIT_ITERATIONS_MAX_BY_INTENT_FIX: no such limit. Did you mean LIMIT_ITERATION_MAX_BY_INTENT_FIX?',
    ]);
    expect(checkLimitVariables({ LIMIT_ZZZ: '5' })).toEqual(['LIMIT_ZZZ: no such limit.']);
  });
});

describe('limit variable names', () => {
  it('follows the contract', () => {
    expect(limitVariableName('iteration.maxByIntent.fix')).toBe('LIMIT_ITERATION_MAX_BY_INTENT_FIX');
  });

  it('gives no two limits the same name', () => {
    const names = Object.keys(LIMITS).map(limitVariableName);
    expect(new Set(names).size).toBe(names.length);
  });
});
