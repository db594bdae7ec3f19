import type { NextFunction, Request, Response } from 'express';
import { newId } from '../common/index.js';

const HEADER = 'x-request-id';
const ACCEPTABLE = /^[\w.:-]{8,128}$/;
const requestIds = new WeakMap<object, string>();

/** Express middleware: keeps a well-formed X-Request-Id of the caller, else makes one, and answers with it. */
export function assignRequestId(request: Request, response: Response, next: NextFunction): void {
  const given = request.header(HEADER);
  const requestId = given && ACCEPTABLE.test(given) ? given : newId();
  requestIds.set(request, requestId);
  response.setHeader(HEADER, requestId);
  next();
}

export function requestIdOf(request: object): string {
  return requestIds.get(request) ?? 'unknown';
}
