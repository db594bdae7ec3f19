import { ERROR_CODES, type ErrorCode, type ErrorKind } from './error-codes.js';

export interface AppErrorOptions {
  readonly cause?: unknown;
  /** Seconds-precision hint for a client that may try again. */
  readonly retryAfterMs?: number;
  /** Further members of the problem document, e.g. the fields that are wrong. */
  readonly extensions?: Readonly<Record<string, unknown>>;
}

/**
 * An error a client is meant to see. `detail` says what happened and what to do about it, and never
 * contains secrets or the content of messages. It knows nothing of HTTP: the edge maps its kind.
 */
export class AppError extends Error {
  readonly code: ErrorCode;
  readonly kind: ErrorKind;
  readonly retryAfterMs?: number;
  readonly extensions?: Readonly<Record<string, unknown>>;

  constructor(code: ErrorCode, detail: string, options: AppErrorOptions = {}) {
    super(detail, { cause: options.cause });
    this.name = 'AppError';
    this.code = code;
    this.kind = ERROR_CODES[code].kind;
    this.retryAfterMs = options.retryAfterMs;
    this.extensions = options.extensions;
  }
}
