import type { NextFunction, Request, RequestHandler, Response } from 'express';
import type { Clock } from '../common/index.js';
import { requestIdOf } from './request-id.js';

/** One request and how it was answered, without anything its sender chose but the method. */
export interface HttpExchange {
  readonly requestId: string;
  readonly method: string;
  /** Pattern of the route, e.g. `/api/chat/runs/:runId`; null when none matched. */
  readonly route: string | null;
  /** 499 when the client left before the answer began. */
  readonly status: number;
  /** Until the headers of the answer were sent, which for a stream is long before its end. */
  readonly durationMs: number;
}

export type ExchangeObserver = (exchange: HttpExchange) => void;

const CLIENT_LEFT = 499;

/** Express middleware that tells each observer of every exchange once. Observers must not throw. */
export function observeExchanges(clock: Clock, observers: readonly ExchangeObserver[]): RequestHandler {
  return (request: Request, response: Response, next: NextFunction): void => {
    const startedMs = clock.monotonicMs();
    let isReported = false;
    const report = (status: number): void => {
      if (isReported) return;
      isReported = true;
      const exchange = { requestId: requestIdOf(request), method: request.method, route: routeOf(request), status, durationMs: clock.monotonicMs() - startedMs };
      for (const observe of observers) observe(exchange);
    };
    // Node calls writeHead for implicit headers too, so this one place sees every answer begin.
    const writeHead = response.writeHead.bind(response) as (...parameters: unknown[]) => Response;
    response.writeHead = ((...parameters: unknown[]) => {
      const result = writeHead(...parameters);
      report(response.statusCode);
      return result;
    }) as typeof response.writeHead;
    response.once('close', () => report(CLIENT_LEFT));
    next();
  };
}

/** Pattern of the route that matched; the URL itself may carry a ticket and is never logged. */
export function routeOf(request: Request): string | null {
  const path: unknown = (request.route as { path?: unknown } | undefined)?.path;
  return typeof path === 'string' ? path : null;
}
