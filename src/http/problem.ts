import { type AppError, ERROR_CODES, type ErrorCode, type ErrorKind } from '../common/index.js';

const STATUS_BY_KIND: Record<ErrorKind, number> = {
  malformed: 400,
  invalid: 422,
  unauthenticated: 401,
  forbidden: 403,
  not_found: 404,
  conflict: 409,
  payment_required: 402,
  too_large: 413,
  rate_limited: 429,
  unavailable: 503,
  internal: 500,
};

export function statusOf(code: ErrorCode): number {
  return STATUS_BY_KIND[ERROR_CODES[code].kind];
}

/** RFC 9457 problem document; further members stand beside these. */
export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly code: ErrorCode;
  readonly requestId: string;
  readonly [extension: string]: unknown;
}

export function toProblem(error: AppError, requestId: string): Problem {
  return {
    ...error.extensions,
    type: `urn:lomu:error:${error.code}`,
    title: ERROR_CODES[error.code].title,
    status: statusOf(error.code),
    detail: error.message,
    code: error.code,
    requestId,
  };
}
