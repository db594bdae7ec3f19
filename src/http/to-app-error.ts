import { HttpException } from '@nestjs/common';
import type { Request } from 'express';
import { AppError } from '../common/index.js';
import { isDatabaseUnreachable } from '../database/index.js';

const DATABASE_RETRY_MS = 2_000;
const TOO_LARGE = 'The request body is larger than this server accepts. Send less at once.';

/** Gives errors of Nest, of the body parser and of the database a code of ours. */
export function toAppError(thrown: unknown, request: Pick<Request, 'method' | 'path'>): AppError {
  if (thrown instanceof AppError) return thrown;
  if (thrown instanceof HttpException) return fromHttpException(thrown, request);
  if (isDatabaseUnreachable(thrown)) {
    const detail = 'The database cannot be reached or is too busy. Try again shortly; with an Idempotency-Key nothing is done twice.';
    return new AppError('database_unavailable', detail, { cause: thrown, retryAfterMs: DATABASE_RETRY_MS });
  }
  return new AppError('internal_error', 'An unexpected error occurred. Quote the requestId when you report it.', { cause: thrown });
}

/** Nest wraps errors of Express and its body parser, whose `type` tells them apart. */
function fromHttpException(exception: HttpException, request: Pick<Request, 'method' | 'path'>): AppError {
  const { type } = (exception.cause ?? {}) as { type?: string };
  if (type === 'entity.parse.failed') return new AppError('malformed_json', 'The body is not valid JSON. Check its quotes, commas and brackets.');
  switch (exception.getStatus()) {
    case 401:
      return new AppError('unauthenticated', 'Send Authorization: Bearer <API key or JWT>.');
    case 403:
      return new AppError('forbidden', 'Your credential does not allow this.');
    case 404:
      return new AppError('route_not_found', `There is no ${request.method} ${request.path}. See /docs for all routes.`);
    case 413:
      return new AppError('payload_too_large', TOO_LARGE);
  }
  if (exception.getStatus() < 500) return new AppError('malformed_request', `${exception.message}.`.replace(/\.\.$/, '.'), { cause: exception });
  return new AppError('internal_error', 'An unexpected error occurred. Quote the requestId when you report it.', { cause: exception });
}
