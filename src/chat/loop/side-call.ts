import { Inject, Injectable } from '@nestjs/common';
import { BillingService, TokenEstimator } from '../../billing/index.js';
import { type Limits, LIMITS_READER } from '../../limits/index.js';
import type { LanguageModel, ModelRequest } from '../../models/index.js';
import { PromptGauge } from './prompt-gauge.js';
import { ModelStage } from './model-stage.js';
import type { RunContext } from './run-context.js';

export interface SideQuestion {
  readonly model: LanguageModel;
  readonly system: string;
  readonly text: string;
  readonly maxOutputTokens: number;
  /** Aborts with a RunStopped. */
  readonly signal: AbortSignal;
}

/** Holds of side calls stand under this iteration, so that they never count as attempts at an answer. */
const SIDE_ITERATION = 0;

/** A model call that a run makes for itself and shows nobody, e.g. for advice or a summary. Paid like any other. */
@Injectable()
export class SideCalls {
  constructor(
    private readonly models: ModelStage,
    private readonly billing: BillingService,
    private readonly estimator: TokenEstimator,
    private readonly gauge: PromptGauge,
    @Inject(LIMITS_READER) private readonly limits: Limits,
  ) {}

  /**
   * @returns what the model said, without what it thought
   * @throws ModelError, RunStopped, AppError `insufficient_credits`
   */
  async ask(context: RunContext, { model, system, text, maxOutputTokens, signal }: SideQuestion): Promise<string> {
    const request: ModelRequest = { system, contents: [{ role: 'user', text }], tools: [], toolMode: 'none', maxOutputTokens: Math.min(maxOutputTokens, model.maxOutputTokens) };
    const estimatedInputTokens = this.estimator.estimate(system) + this.estimator.estimate(text);
    const { response } = await this.models.call(context, {
      iteration: SIDE_ITERATION,
      attempt: (await this.billing.callsMade(context.row.id, SIDE_ITERATION)) + 1,
      model,
      request,
      estimatedInputTokens,
      expectedInputTokens: this.gauge.expect(model.id, estimatedInputTokens, undefined),
      minOutputTokens: Math.min(this.limits.of(context.limits, 'model.minOutputTokens'), request.maxOutputTokens),
      stream: true,
      isSideCall: true,
      signal,
    });
    return response.answer.text.trim();
  }
}
