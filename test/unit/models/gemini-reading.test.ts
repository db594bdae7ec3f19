import { readUsage } from '../../../src/models/gemini/gemini-usage.js';
import { parseGoogleError } from '../../../src/models/gemini/google-error.js';
import { retryAfterMs } from '../../../src/models/transport/retry-after.js';

const rpc = (type: string, rest: object): object => ({ '@type': `type.googleapis.com/google.rpc.${type}`, ...rest });
const error = (details: readonly object[], rest: object = {}): string => JSON.stringify({ error: { code: 429, message: 'Quota.', status: 'RESOURCE_EXHAUSTED', details, ...rest } });

describe('usage', () => {
  it('keeps the last count of each kind when a later chunk leaves it out, has it null or has nonsense', () => {
    const first = readUsage({ promptTokenCount: 100, cachedContentTokenCount: 40, candidatesTokenCount: null, thoughtsTokenCount: 9 });
    expect(first).toEqual({ inputTokens: 100, cachedInputTokens: 40, toolUseInputTokens: 0, outputTokens: 0, reasoningTokens: 9 });
    const second = readUsage({ promptTokenCount: 100, candidatesTokenCount: 7 }, first);
    expect(second).toEqual({ ...first, outputTokens: 7 });
    expect(readUsage({ promptTokenCount: -1, candidatesTokenCount: 1.5, thoughtsTokenCount: '12', cachedContentTokenCount: Number.MAX_VALUE }, second)).toEqual(second);
    expect(readUsage(null, second)).toBe(second);
  });
});

describe('error documents', () => {
  it('reads the delay and the quota', () => {
    const details = [rpc('QuotaFailure', { violations: [{ quotaId: 'PerMinute' }] }), rpc('RetryInfo', { retryDelay: '34.074824224s' })];
    expect(parseGoogleError(error(details))).toEqual({ status: 429, message: 'Quota.', reason: 'RESOURCE_EXHAUSTED', retryDelayMs: 34_075, quotaId: 'PerMinute' });
  });

  it('names the daily quota when several are exhausted', () => {
    const violations = [{ quotaId: 'RequestsPerMinute' }, { quotaMetric: 'nameless' }, { quotaId: 'RequestsPerDayPerModel' }];
    expect(parseGoogleError(error([rpc('QuotaFailure', { violations })]))?.quotaId).toBe('RequestsPerDayPerModel');
  });

  it('finds the error in an array too, and quotes little of a long message', () => {
    expect(parseGoogleError(`[${error([])}]`)?.status).toBe(429);
    expect(parseGoogleError(error([], { message: 'x'.repeat(5_000) }))?.message).toHaveLength(300);
  });

  it.each(['', 'null', '[]', '{}', '<html>', '{"error":"text"}', '{"error":null}', '{"error":{"code":"x"'])('makes nothing of %j', (body) => {
    expect(parseGoogleError(body)).toBeUndefined();
  });

  it('survives details that are not as promised', () => {
    for (const details of [null, 'text', [null, 1], [rpc('RetryInfo', { retryDelay: 'soon' })], [rpc('QuotaFailure', { violations: 'many' })]]) {
      expect(parseGoogleError(JSON.stringify({ error: { details } }))).toMatchObject({ status: 500, retryDelayMs: undefined, quotaId: undefined });
    }
  });
});

describe('Retry-After', () => {
  it('is seconds or a date', () => {
    const nowMs = Date.UTC(2026, 10, 22, 12);
    expect(retryAfterMs('7', nowMs)).toBe(7_000);
    expect(retryAfterMs('Sun, 22 Nov 2026 12:00:30 GMT', nowMs)).toBe(30_000);
    expect(retryAfterMs('Sun, 22 Nov 2026 11:00:00 GMT', nowMs)).toBe(0);
    expect(retryAfterMs('later', nowMs)).toBeUndefined();
    expect(retryAfterMs(undefined, nowMs)).toBeUndefined();
  });
});
