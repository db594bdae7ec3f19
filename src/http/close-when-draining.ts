import type { NextFunction, Request, RequestHandler, Response } from 'express';
import type { DrainState } from '../common/index.js';

/** Express middleware that keeps no connection open on the way out: a proxy that kept one would send its next request just as the server closes it. */
export function closeWhenDraining(drain: DrainState): RequestHandler {
  return (_request: Request, response: Response, next: NextFunction): void => {
    if (drain.isDraining) response.setHeader('connection', 'close');
    next();
  };
}
