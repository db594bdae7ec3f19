/** What a span may say of itself. */
export type SpanAttributes = Readonly<Record<string, string | number | boolean | undefined>>;

export interface StartSpan {
  readonly attributes?: SpanAttributes;
  /** Missing for the first span of a trace. */
  readonly parent?: TraceSpan;
  /** Epoch milliseconds; now when missing. */
  readonly startedAtMs?: number;
  /** True for a request to another system, such as a model call. Default false. */
  readonly isClient?: boolean;
}

/** A piece of work with a beginning and an end. Nothing here throws, and nothing waits. */
export interface TraceSpan {
  add(attributes: SpanAttributes): void;
  /** Marks it as failed; `errorType` is a short, stable word. */
  fail(errorType: string, message?: string): void;
  /** Ends it once; later calls do nothing. */
  end(): void;
}

/** Writes traces. Injected as null when nobody collects them, so that nothing is paid for. */
export interface Tracer {
  startSpan(name: string, options?: StartSpan): TraceSpan;
}

export const TRACER = Symbol('Tracer');
