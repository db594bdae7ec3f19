import { ERROR_CODES, type ErrorCode } from '../../common/index.js';
import { statusOf } from '../../http/index.js';

/** The shape in which OpenAI's clients expect an error, as a body or within a stream. */
export interface OpenAiError {
  readonly error: { readonly message: string; readonly type: string; readonly code: string; readonly param: string | null };
}

export function openAiError(code: string, message: string, status: number, param: string | null = null): OpenAiError {
  return { error: { message, type: status < 500 ? 'invalid_request_error' : 'server_error', code, param } };
}

/** What a run may fail with beside codes of ours: names of failure patterns and of time limits. Those left out answer 500. */
const STATUS_BY_FAILURE: ReadonlyMap<string, number> = new Map([
  ['token_limit', 413],
  ['safety_stop', 422],
  ['rate_limit', 429],
  ['daily_quota', 429],
  // never 401: it is this server's key that was refused, not the client's
  ['authentication', 502],
  ['request_refused', 502],
  ['empty_answer', 502],
  ['malformed_function_call', 502],
  ['malformed_response', 502],
  ['max_tokens', 502],
  ['missing_signature', 502],
  ['model_failed', 502],
  ['stream_data_loss', 502],
  ['connection_failed', 503],
  ['model_set_aside', 503],
  ['overloaded', 503],
  ['iteration_timeout', 504],
  ['run_timeout', 504],
  ['stream_timeout', 504],
]);

/** The status a run's failure has when nothing was sent before it. */
export function statusOfFailure(code: string): number {
  return STATUS_BY_FAILURE.get(code) ?? (isErrorCode(code) ? statusOf(code) : 500);
}

function isErrorCode(code: string): code is ErrorCode {
  return Object.hasOwn(ERROR_CODES, code);
}
