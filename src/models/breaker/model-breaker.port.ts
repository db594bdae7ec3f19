import type { ModelId } from '../language-model.port.js';

/**
 * `failed` is what says that a model or the way to it is out of order. What it refuses is an answer like any other
 * (`succeeded`); `neutral` says nothing either way, e.g. a call that was stopped.
 */
export type CallOutcome = 'succeeded' | 'failed' | 'neutral';

export interface BreakerState {
  readonly model: ModelId;
  /** `probing`: one call is let through to find out whether it works again. */
  readonly state: 'closed' | 'open' | 'probing';
  /** Until another call is let through; 0 when closed. */
  readonly openForMs: number;
}

/**
 * Keeps calls away from a model that keeps failing: opens when too many of the calls of a window failed, and after a while lets
 * single calls through until one succeeds. Every adapter passes test/conformance/model-breaker.conformance.ts.
 */
export interface ModelBreaker {
  /** Asked before a call: `open` means that it is not to be made. Each admitted call is reported. */
  admit(model: ModelId): Promise<BreakerState>;
  report(model: ModelId, outcome: CallOutcome): Promise<BreakerState>;
  stateOf(model: ModelId): Promise<BreakerState>;
}

export const MODEL_BREAKER = Symbol('ModelBreaker');
