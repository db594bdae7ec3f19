import { type Attributes, ROOT_CONTEXT, type Span, SpanKind, SpanStatusCode, type Tracer as OtelTracer, trace } from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { BasicTracerProvider, BatchSpanProcessor } from '@opentelemetry/sdk-trace-base';
import type { SpanAttributes, StartSpan, Tracer, TraceSpan } from './tracer.port.js';

export interface OtlpTracerOptions {
  /** Base address of a collector, e.g. http://127.0.0.1:4318; spans go to `/v1/traces` below it. */
  readonly endpoint: string;
  readonly version: string;
  readonly instanceId: string;
  /** Spans waiting to be sent, besides those under way; further ones are dropped. */
  readonly maxQueuedSpans: number;
  readonly exportTimeoutMs: number;
}

/** Sends spans by OTLP over HTTP, in batches and off the path of the work they tell of. */
export class OtlpTracer implements Tracer {
  private readonly provider: BasicTracerProvider;
  private readonly tracer: OtelTracer;

  constructor({ endpoint, version, instanceId, maxQueuedSpans, exportTimeoutMs }: OtlpTracerOptions) {
    const exporter = new OTLPTraceExporter({ url: `${endpoint.replace(/\/+$/, '')}/v1/traces`, timeoutMillis: exportTimeoutMs });
    const batch = { maxQueueSize: maxQueuedSpans, maxExportBatchSize: Math.min(maxQueuedSpans, SPANS_PER_REQUEST), exportTimeoutMillis: exportTimeoutMs };
    this.provider = new BasicTracerProvider({
      resource: resourceFromAttributes({ 'service.name': 'lomu', 'service.version': version, 'service.instance.id': instanceId }),
      spanProcessors: [new BatchSpanProcessor(exporter, batch)],
    });
    this.tracer = this.provider.getTracer('lomu', version);
  }

  startSpan(name: string, { attributes = {}, parent, startedAtMs, isClient = false }: StartSpan = {}): TraceSpan {
    const context = parent instanceof OtlpSpan ? trace.setSpan(ROOT_CONTEXT, parent.span) : ROOT_CONTEXT;
    const kind = isClient ? SpanKind.CLIENT : SpanKind.INTERNAL;
    return new OtlpSpan(this.tracer.startSpan(name, { kind, attributes: defined(attributes), startTime: startedAtMs }, context));
  }

  /** Sends what is waiting. @throws when the collector does not take it */
  close(): Promise<void> {
    return this.provider.shutdown();
  }
}

const SPANS_PER_REQUEST = 512;

class OtlpSpan implements TraceSpan {
  private hasEnded = false;

  constructor(readonly span: Span) {}

  add(attributes: SpanAttributes): void {
    this.span.setAttributes(defined(attributes));
  }

  fail(errorType: string, message?: string): void {
    this.span.setAttribute('error.type', errorType).setStatus({ code: SpanStatusCode.ERROR, message });
  }

  end(): void {
    if (this.hasEnded) return;
    this.hasEnded = true;
    this.span.end();
  }
}

function defined(attributes: SpanAttributes): Attributes {
  return Object.fromEntries(Object.entries(attributes).filter(([, value]) => value !== undefined));
}
