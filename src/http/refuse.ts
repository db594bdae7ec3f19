import { type ArgumentsHost, Logger } from '@nestjs/common';
import type { Request, Response } from 'express';
import type { AppError } from '../common/index.js';
import { routeOf } from './exchange.js';
import { type Problem, toProblem } from './problem.js';
import { requestIdOf } from './request-id.js';
import { toAppError } from './to-app-error.js';

const logger = new Logger('ProblemFilter');

/**
 * What every error at the edge has in common, whatever shape its body takes: logs what is not meant for clients and sets the headers.
 * @returns undefined when an answer is under way already; its connection is broken, which alone tells the client that it is not whole
 */
export function refuse(thrown: unknown, host: ArgumentsHost): Problem | undefined {
  const request = host.switchToHttp().getRequest<Request>();
  const response = host.switchToHttp().getResponse<Response>();
  const error = toAppError(thrown, request);
  log(error, thrown, request);
  if (response.headersSent) {
    response.destroy();
    return undefined;
  }
  if (error.retryAfterMs !== undefined) response.setHeader('Retry-After', String(Math.max(1, Math.ceil(error.retryAfterMs / 1000))));
  if (error.kind === 'unauthenticated') response.setHeader('WWW-Authenticate', 'Bearer');
  return toProblem(error, requestIdOf(request));
}

/** Clients' own mistakes are not logged. */
function log(error: AppError, thrown: unknown, request: Request): void {
  const entry = { message: 'request failed', code: error.code, requestId: requestIdOf(request), route: routeOf(request), error: thrown };
  if (error.kind === 'internal') logger.error(entry);
  else if (error.kind === 'unavailable' && error.cause !== undefined) logger.warn(entry);
}
