import { Inject, Injectable } from '@nestjs/common';
import { Metrics } from '../../metrics/index.js';
import type { GenerateOptions, LanguageModel, ModelRequest, ModelResponse } from '../language-model.port.js';
import { ModelError, type ModelErrorKind } from '../model-error.js';
import { type BreakerState, type CallOutcome, MODEL_BREAKER, type ModelBreaker } from './model-breaker.port.js';

/** Failures that say something about the model or the way to it, not about the request. */
const OUT_OF_ORDER: ReadonlySet<ModelErrorKind> = new Set(['network', 'stream_truncated', 'stream_malformed', 'first_byte_timeout', 'idle_timeout']);
const STATUS_TOO_LATE = 408;
const STATUS_TOO_MANY = 429;

/** Model calls with a breaker before them, one per model. */
@Injectable()
export class GuardedModels {
  private readonly lastStates = new Map<string, BreakerState['state']>();

  constructor(
    @Inject(MODEL_BREAKER) private readonly breaker: ModelBreaker,
    private readonly metrics: Metrics,
  ) {}

  /** @throws ModelError `circuit_open` when the call is not made, with the time until one is; whatever the model throws */
  async generate(model: LanguageModel, request: ModelRequest, options: GenerateOptions): Promise<ModelResponse> {
    const { state, openForMs } = this.note(await this.breaker.admit(model.id));
    if (state === 'open') {
      throw new ModelError(`${model.id}: Not called, because it kept failing; another try in ${Math.ceil(openForMs / 1000)} s.`, { kind: 'circuit_open', model: model.id, retryDelayMs: Math.ceil(openForMs), hadOutput: false });
    }
    try {
      const response = await model.generate(request, options);
      this.note(await this.breaker.report(model.id, 'succeeded'));
      return response;
    } catch (error) {
      this.note(await this.breaker.report(model.id, outcomeOf(error)));
      throw error;
    }
  }

  private note(state: BreakerState): BreakerState {
    const isOpen = state.state !== 'closed';
    const wasOpen = (this.lastStates.get(state.model) ?? 'closed') !== 'closed';
    if (isOpen === wasOpen) return state;
    if (isOpen) {
      this.lastStates.set(state.model, state.state);
      this.metrics.increment('lomu_model_breaker_trips_total', { model: state.model });
    } else this.lastStates.delete(state.model);
    this.metrics.set('lomu_model_breaker_open', { model: state.model }, isOpen ? 1 : 0);
    return state;
  }
}

export function outcomeOf(error: unknown): CallOutcome {
  if (!(error instanceof ModelError)) return 'neutral';
  const { kind, status } = error;
  if (status === STATUS_TOO_MANY) return 'neutral';
  if (OUT_OF_ORDER.has(kind) || status === STATUS_TOO_LATE || (status !== undefined && status >= 500)) return 'failed';
  return 'succeeded'; // it answered, if only to refuse
}
