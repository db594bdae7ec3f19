import type { LoggerService } from '@nestjs/common';
import type { ExchangeObserver } from '../exchange.js';

/** Writes one debug line per request; faults of the server have their own line at error. */
export function logExchanges(logger: LoggerService): ExchangeObserver {
  return (exchange) => void logger.debug?.({ message: 'request', ...exchange, durationMs: Math.round(exchange.durationMs * 10) / 10 }, 'Http');
}
