export {
  ACCESS_METADATA,
  AcceptsTicket,
  AdminOnly,
  CurrentPrincipal,
  findPrincipal,
  principalOf,
  Public,
  RequiresScope,
  SCOPES,
  setPrincipal,
  type Scope,
} from './access.decorators.js';
export { isFromThisMachine, isLocalRequest } from './local-request.js';
export { behind, decodeCursor, encodeCursor, MAX_PAGE_SIZE, pageQuerySchema, toPage, type Cursor, type Page, type PageQuery } from './page.js';
export { ProblemFilter } from './problem.filter.js';
export { refuse } from './refuse.js';
export { statusOf, toProblem, type Problem } from './problem.js';
export { assignRequestId, requestIdOf } from './request-id.js';
export { createValidationPipe } from './validation.pipe.js';
export { Idempotency, type IdempotencyClaim } from './idempotency.js';
export { closeWhenDraining } from './close-when-draining.js';
export { DrainingExpressAdapter } from './draining-express.adapter.js';
export { observeExchanges, type ExchangeObserver, type HttpExchange } from './exchange.js';
export { createLogger } from './logging/pino.logger.js';
export { logExchanges } from './logging/log-exchanges.js';
