export { TRACER, type SpanAttributes, type StartSpan, type Tracer, type TraceSpan } from './tracer.port.js';
export { TracingModule } from './tracing.module.js';
