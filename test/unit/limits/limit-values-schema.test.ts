import { checkEmergencyKey, DEFAULT_EMERGENCY_VALUES } from '../../../src/limits/emergency-profile.js';
import { limitValuesSchema } from '../../../src/limits/limit-values-schema.js';

const faultsOf = (json: string): string[] => (limitValuesSchema(checkEmergencyKey).safeParse(JSON.parse(json)).error?.issues ?? []).map(({ message }) => message);

describe('limitValuesSchema', () => {
  it('takes good values as they are', () => {
    const values = { 'iteration.maxEmpty': 2, 'chat.refuseNewRuns': true, 'model.emergencyModel': 'offline/planner' };
    expect(limitValuesSchema().parse(values)).toEqual(values);
  });

  it.each([
    ['{"__proto__": 1}', 'There is no limit "__proto__".'],
    ['{"constructor": 1}', 'There is no limit "constructor".'],
    ['{"toString": 1}', 'There is no limit "toString".'],
    ['{"iteration.maxEmptyy": 1}', 'There is no limit "iteration.maxEmptyy". Did you mean iteration.maxEmpty?'],
    ['{"iteration.maxEmpty": 1.5}', 'must be a whole number'],
    ['{"iteration.maxEmpty": 1e999}', 'must be a whole number'],
    ['{"iteration.maxEmpty": 21}', 'must be between 1 and 20 (count)'],
    ['{"iteration.maxEmpty": null}', 'must be a whole number'],
    ['{"chat.maxRequestBytes": 2048}', 'is read once at boot; set LIMIT_CHAT_MAX_REQUEST_BYTES and restart instead'],
    ['{"retention.chatDays": 7}', 'has no stricter side and so no place in an emergency; set an override instead'],
    ['[]', 'must be an object of limit keys and values'],
    ['null', 'must be an object of limit keys and values'],
  ])('refuses %s with the reason', (json, reason) => {
    expect(faultsOf(json)).toEqual([reason]);
  });

  it('names every fault at once', () => {
    expect(faultsOf('{"nope": 1, "iteration.maxEmpty": 0, "retry.maxPerRun": 1}')).toHaveLength(2);
  });

  it('lets the default emergency profile pass', () => {
    expect(faultsOf(JSON.stringify(DEFAULT_EMERGENCY_VALUES))).toEqual([]);
  });
});
