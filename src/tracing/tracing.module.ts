import { randomUUID } from 'node:crypto';
import { Global, Inject, Injectable, Logger, Module, type OnApplicationShutdown } from '@nestjs/common';
import { CONFIG, type Config, LOMU_VERSION } from '../config/index.js';
import { type Limits, LIMITS_READER } from '../limits/index.js';
import type { OtlpTracer } from './otlp.tracer.js';
import { TRACER, type Tracer } from './tracer.port.js';

/** Sends the last spans when the application ends. */
@Injectable()
export class TracerShutdown implements OnApplicationShutdown {
  private readonly logger = new Logger(TracerShutdown.name);

  constructor(@Inject(TRACER) private readonly tracer: (Tracer & Partial<OtlpTracer>) | null) {}

  async onApplicationShutdown(): Promise<void> {
    await this.tracer?.close?.().catch((error: unknown) => this.logger.warn({ message: 'the last spans were not sent', error }));
  }
}

/** Global because anything may tell of its work. Without OTEL_EXPORTER_OTLP_ENDPOINT the tracer is null and its library is not even loaded. */
@Global()
@Module({
  providers: [
    {
      provide: TRACER,
      inject: [CONFIG, LIMITS_READER],
      useFactory: async ({ tracing }: Config, limits: Limits): Promise<Tracer | null> => {
        if (!tracing.endpoint) return null;
        const { OtlpTracer } = await import('./otlp.tracer.js');
        return new OtlpTracer({
          endpoint: tracing.endpoint,
          version: LOMU_VERSION,
          instanceId: randomUUID(),
          maxQueuedSpans: limits.value('tracing.maxQueuedSpans'),
          exportTimeoutMs: limits.value('tracing.exportTimeoutMs'),
        });
      },
    },
    TracerShutdown,
  ],
  exports: [TRACER],
})
export class TracingModule {}
