import type { LoggerService } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import helmet from 'helmet';
import { AppModule } from './app.module.js';
import { CLOCK, type Clock, DrainState } from './common/index.js';
import type { Config } from './config/index.js';
import type { DatabaseConnection } from './database/index.js';
import { assignRequestId, closeWhenDraining, createLogger, createValidationPipe, DrainingExpressAdapter, logExchanges, observeExchanges, ProblemFilter } from './http/index.js';
import { type Limits, LIMITS_READER, LimitsRefresher } from './limits/index.js';
import { Metrics } from './metrics/index.js';
import { serveApiDocument } from './api-document.js';

export interface CreateAppOptions {
  /** An open database to use instead of the configured one. */
  readonly connection?: DatabaseConnection;
  readonly logger?: LoggerService;
  /** How connections end; by default at once when nothing is asked on them. */
  readonly adapter?: DrainingExpressAdapter;
}

/** The whole application, not yet listening. The server and the tests make it here. */
export async function createApp(config: Config, options: CreateAppOptions = {}): Promise<NestExpressApplication> {
  const logger = options.logger ?? createLogger(config);
  const app = await NestFactory.create<NestExpressApplication>(AppModule.forRoot(config, options.connection), options.adapter ?? new DrainingExpressAdapter(false), {
    logger,
    bodyParser: false,
    abortOnError: false, // a failed boot is reported by whoever called, in words for people
  });
  const clock = app.get<Clock>(CLOCK);
  const metrics = app.get(Metrics);
  const limitsRefresher = app.get(LimitsRefresher);
  metrics.measure('lomu_limits_staleness_seconds', () => limitsRefresher.stalenessMs() / 1_000); // limits stand below metrics' callers and know none of them
  app.use(assignRequestId, observeExchanges(clock, [logExchanges(logger), (exchange) => metrics.recordHttpExchange(exchange)]), closeWhenDraining(app.get(DrainState)));
  app.use(helmet({ contentSecurityPolicy: { useDefaults: false, directives: CONTENT_SECURITY_POLICY }, strictTransportSecurity: false }));
  app.useBodyParser('json', { limit: app.get<Limits>(LIMITS_READER).value('chat.maxRequestBytes'), strict: true });
  app.useGlobalPipes(createValidationPipe());
  app.useGlobalFilters(new ProblemFilter());
  app.disable('x-powered-by');
  app.set('trust proxy', false);
  serveApiDocument(app);
  app.enableShutdownHooks([], { useProcessExit: true }); // a stop that was asked for ends with code 0
  return app;
}

/** Pages load nothing from elsewhere and run no inline script. */
const CONTENT_SECURITY_POLICY = {
  'default-src': ["'self'"],
  'img-src': ["'self'", 'data:'],
  'object-src': ["'none'"],
  'base-uri': ["'none'"],
  'form-action': ["'self'"],
  'frame-ancestors': ["'none'"],
};
