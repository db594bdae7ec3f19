import type { ArgumentsHost } from '@nestjs/common';
import { AppError } from '../../../src/common/index.js';
import { FAILURE_PATTERNS, type FailurePattern } from '../../../src/failure-detection/index.js';
import { OpenAiErrorFilter } from '../../../src/gateways/openai-compatible/openai-error.filter.js';
import { openAiError, statusOfFailure } from '../../../src/gateways/openai-compatible/openai-error.js';

describe('the status of a failed run', () => {
  it.each([
    ['insufficient_credits', 402],
    ['run_cancelled', 409],
    ['token_limit', 413],
    ['unpriced_model', 422],
    ['rate_limit', 429],
    ['daily_quota', 429],
    ['authentication', 502],
    ['overloaded', 503],
    ['stream_interrupted', 503],
    ['run_timeout', 504],
    ['infinite_loop', 500],
    ['never_heard_of', 500],
    ['toString', 500],
  ])('%s: %i', (code, status) => expect(statusOfFailure(code)).toBe(status));

  it('is decided for every failure of a model', () => {
    const undecided = Object.entries<FailurePattern>(FAILURE_PATTERNS).filter(([code, { signs }]) => signs.some(({ sources }) => sources?.includes('model')) && statusOfFailure(code) === 500);
    expect(undecided.map(([code]) => code)).toEqual([]);
  });
});

describe('OpenAiErrorFilter', () => {
  function caught(thrown: unknown): { status?: number; headers: Record<string, string>; body?: unknown } {
    const answer: ReturnType<typeof caught> = { headers: {} };
    const response = {
      setHeader: (name: string, value: string) => (answer.headers[name] = value),
      status: (status: number) => ((answer.status = status), response),
      json: (body: unknown) => (answer.body = body),
    };
    const request = { method: 'POST', path: '/v1/chat/completions', headers: {} };
    new OpenAiErrorFilter().catch(thrown, { switchToHttp: () => ({ getRequest: () => request, getResponse: () => response }) } as unknown as ArgumentsHost);
    return answer;
  }

  it('says how to sign in, when to come back and which field is wrong', () => {
    expect(caught(new AppError('unauthenticated', 'No.'))).toEqual({ status: 401, headers: { 'WWW-Authenticate': 'Bearer' }, body: openAiError('unauthenticated', 'No.', 401) });
    expect(caught(new AppError('queue_full', 'Full.', { retryAfterMs: 1_500 })).headers).toEqual({ 'Retry-After': '2' });
    expect(caught(new AppError('validation_failed', 'n: no', { extensions: { errors: [{ field: 'n', message: 'no' }] } })).body).toMatchObject({ error: { param: 'n', type: 'invalid_request_error' } });
  });
});
