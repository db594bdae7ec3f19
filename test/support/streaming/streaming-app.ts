import { type AddressInfo } from 'node:net';
import { Global, Module, type Provider } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import type { Request } from 'express';
import { CLOCK, type Clock, SystemClock } from '../../../src/common/index.js';
import { loadConfig } from '../../../src/config/index.js';
import { setPrincipal } from '../../../src/http/index.js';
import { LIMITS_READER, type LimitValues } from '../../../src/limits/index.js';
import { Metrics } from '../../../src/metrics/index.js';
import { REDIS, type RedisServer } from '../../../src/redis/index.js';
import { OpenStreams, RUN_DIRECTORY, RUN_EVENT_LOG, type RunEventBody, type RunEventLog, type RunEventWriter, StreamingModule } from '../../../src/streaming/index.js';
import { FixedLimits } from './fixed-limits.js';
import { MemoryRunDirectory } from './memory-run-directory.js';

export interface StreamingApp {
  readonly app: NestExpressApplication;
  readonly port: number;
  readonly log: RunEventLog;
  readonly directory: MemoryRunDirectory;
  readonly limits: FixedLimits;
  readonly openStreams: OpenStreams;
  readonly metrics: Metrics;
  /** A run of alice's, open for writing. */
  startRun(runId: string, ...events: RunEventBody[]): Promise<RunEventWriter>;
  close(): Promise<void>;
}

export interface StreamingAppOptions {
  readonly limits?: Partial<LimitValues>;
  readonly clock?: Clock;
  /** Shared by the instances that are to show the same runs. */
  readonly redis?: RedisServer;
  readonly directory?: MemoryRunDirectory;
}

/** An application that is not ours: it imports the streaming module, knows its own runs, and takes `X-User` (else alice) at its word. */
export async function createStreamingApp(options: StreamingAppOptions = {}): Promise<StreamingApp> {
  const limits = new FixedLimits(options.limits);
  const directory = options.directory ?? new MemoryRunDirectory();
  const metrics = new Metrics(loadConfig(() => [], {}));
  const host = hostModule([
    { provide: CLOCK, useValue: options.clock ?? new SystemClock() },
    { provide: LIMITS_READER, useValue: limits },
    { provide: RUN_DIRECTORY, useValue: directory },
    { provide: Metrics, useValue: metrics },
    ...(options.redis ? [{ provide: REDIS, useValue: options.redis }] : []),
  ]);
  @Module({ imports: [host, StreamingModule] })
  class SomebodysAppModule {}

  const app = await NestFactory.create<NestExpressApplication>(SomebodysAppModule, { logger: false, abortOnError: false });
  app.use((request: Request, _: unknown, next: () => void) => {
    setPrincipal(request, { userId: request.header('x-user') ?? 'alice', role: 'user', plan: 'free', scopes: [] });
    next();
  });
  await app.listen(0, '127.0.0.1');
  const log = app.get<RunEventLog>(RUN_EVENT_LOG);
  return {
    app,
    port: (app.getHttpServer().address() as AddressInfo).port,
    log,
    directory,
    limits,
    openStreams: app.get(OpenStreams),
    metrics,
    startRun: async (runId, ...events) => {
      directory.add(runId, 'alice');
      const writer = await log.openWriter(runId, 1, 0);
      for (const event of events) writer.append(event);
      return writer;
    },
    close: () => app.close(),
  };
}

function hostModule(providers: (Provider & { provide: symbol | typeof Metrics })[]) {
  @Global()
  @Module({ providers, exports: providers.map(({ provide }) => provide) })
  class SomebodysRunsModule {}
  return SomebodysRunsModule;
}
