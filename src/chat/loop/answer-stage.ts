import { Inject, Injectable } from '@nestjs/common';
import { AppError } from '../../common/index.js';
import { type DetectedFailure, FailureDetectionService, type FailureSignal, type RecoveryDecision, recoveryLimitsOf } from '../../failure-detection/index.js';
import { type Limits, LIMITS_READER } from '../../limits/index.js';
import { Architect } from '../architect/architect.js';
import { Compaction } from '../context/compaction.js';
import { intentOf } from '../runs/run-row.js';
import { FailureReporter } from './failure-reporter.js';
import { signalOfError, signalOfResponse } from './failure-signals.js';
import { type CompletedModelCall, ModelStage } from './model-stage.js';
import { type Prompt, PromptBuilder } from './prompt-builder.js';
import { PromptGauge } from './prompt-gauge.js';
import { type PreparedRetry, RetryPreparation } from './retry-preparation.js';
import type { RunContext } from './run-context.js';
import { RunFailed } from './run-failed.js';

export interface AnswerRequest {
  readonly iteration: number;
  readonly isLastIteration: boolean;
  readonly signal: AbortSignal;
}

export interface Answer extends CompletedModelCall {
  readonly attempt: number;
}

/** Which limit says how many answers of a kind in a row are enough. */
const SILENCE_LIMITS = { empty_answer: 'iteration.maxEmpty', thought_only: 'thinking.maxConsecutive' } as const;

/**
 * Gets one answer out of the model: calls, recognises what went wrong, and does exactly what the
 * recovery decision says (wait, nudge, other model, one piece instead of a stream) until there is
 * an answer or nothing left to try.
 */
@Injectable()
export class AnswerStage {
  constructor(
    private readonly models: ModelStage,
    private readonly prompts: PromptBuilder,
    private readonly gauge: PromptGauge,
    private readonly detection: FailureDetectionService,
    private readonly reporter: FailureReporter,
    private readonly retries: RetryPreparation,
    private readonly architect: Architect,
    private readonly compaction: Compaction,
    @Inject(LIMITS_READER) private readonly limits: Limits,
  ) {}

  /**
   * @throws RunFailed when it cannot be recovered, RunStopped when the run was stopped, AppError `insufficient_credits`
   */
  async ask(context: RunContext, request: AnswerRequest): Promise<Answer> {
    const incidentIds: string[] = [];
    const tries = new Tries();
    let retry: PreparedRetry | undefined;
    for (;;) {
      const attempt = ++context.attempts;
      const tried = await this.tryOnce(context, request, attempt, retry);
      if ('answer' in tried) {
        await this.reporter.recovered(incidentIds);
        return { ...tried.answer, attempt };
      }
      const failures = this.detection.detectFailurePatterns(tried.signal);
      const failure = failures[0] as DetectedFailure;
      const decision = this.decide(context, failures, tries.count(failure.pattern), this.isToldEnough(context, tries.row(tried.signal.kind), tried.signal));
      incidentIds.push(await this.reporter.report(context, request.iteration, attempt, failure, decision));
      if (decision.action !== 'retry') throw failed(failure, decision, tried.error);
      retry = await this.retries.prepare(context, failure, decision, request.signal);
    }
  }

  private isToldEnough(context: RunContext, inARow: number, { kind }: FailureSignal): boolean {
    return (kind === 'empty_answer' || kind === 'thought_only') && inARow >= this.limits.of(context.limits, SILENCE_LIMITS[kind]);
  }

  private async tryOnce(
    context: RunContext,
    { iteration, isLastIteration, signal }: AnswerRequest,
    attempt: number,
    retry: PreparedRetry | undefined,
  ): Promise<{ answer: CompletedModelCall } | { signal: FailureSignal; error?: unknown }> {
    const maxContextTokens = Math.min(this.limits.of(context.limits, 'model.maxContextTokens'), context.model.contextWindowTokens);
    const prompt: Prompt = {
      intent: intentOf(context.row),
      history: retry?.compactHistory ? [] : context.history,
      userMessage: context.userMessage,
      steps: context.steps,
      nudge: joined(context.nudge, retry?.nudge),
      restriction: context.restriction,
      isLastIteration,
      maxOutputTokens: this.outputTokensLeft(context),
    };
    let built = this.prompts.build({ ...prompt, digest: context.digest }, maxContextTokens);
    if (this.compaction.isDue(context, built, maxContextTokens)) {
      await this.compaction.compact(context, prompt, maxContextTokens, signal);
      built = this.prompts.build({ ...prompt, digest: context.digest }, maxContextTokens);
    }
    const expectedInputTokens = this.gauge.expect(context.model.id, built.estimatedInputTokens, context.promptAnchor);
    if (expectedInputTokens > maxContextTokens) return { signal: { source: 'model', kind: 'input_too_long' } };
    const minOutputTokens = Math.min(this.limits.of(context.limits, 'model.minOutputTokens'), built.request.maxOutputTokens);
    try {
      const answer = await this.models.call(context, { iteration, attempt, model: context.model, ...built, expectedInputTokens, minOutputTokens, stream: retry?.stream ?? true, signal });
      const failure = signalOfResponse(answer.response, !isLastIteration, answer.hasReasoned);
      return failure ? { signal: failure } : { answer };
    } catch (error) {
      const failure = signalOfError(error);
      if (!failure) throw explained(error);
      return { signal: failure, error };
    }
  }

  /** What one call may produce: the least of the run's rest, the limit of a call, and what the model can. */
  private outputTokensLeft(context: RunContext): number {
    const { outputTokens, reasoningTokens } = context.totals.usage;
    const left = this.limits.of(context.limits, 'model.maxOutputTokens') - outputTokens - reasoningTokens;
    return Math.max(1, Math.min(left, this.limits.of(context.limits, 'model.maxOutputTokensPerCall'), context.model.maxOutputTokens));
  }

  private decide(context: RunContext, failures: readonly DetectedFailure[], attemptsOfPattern: number, isToldEnough: boolean): RecoveryDecision {
    return this.detection.generateRecoveryAction(
      failures,
      {
        attemptsOfPattern,
        retriesOfRun: context.totals.retries,
        backoffMsOfRun: context.backoffMs,
        hasFallbackModel: this.retries.hasFallbackModel(context),
        hasArchitect: this.architect.isAvailable(context),
        isToldEnough,
      },
      recoveryLimitsOf(this.limits, context.limits),
    );
  }
}

/** What was tried for one answer. */
class Tries {
  private readonly byPattern = new Map<string, number>();
  private lastKind = '';
  private sameKind = 0;

  /** @returns how often the pattern had come before */
  count(pattern: string): number {
    const before = this.byPattern.get(pattern) ?? 0;
    this.byPattern.set(pattern, before + 1);
    return before;
  }

  /** @returns how often the kind has come in a row by now */
  row(kind: string): number {
    this.sameKind = kind === this.lastKind ? this.sameKind + 1 : 1;
    this.lastKind = kind;
    return this.sameKind;
  }
}

function joined(...nudges: readonly (string | undefined)[]): string | undefined {
  return nudges.filter((nudge) => nudge !== undefined).join('\n') || undefined;
}

/** The fallback model has no price: nobody's fault but the configuration's, which the person should be told. */
function explained(error: unknown): unknown {
  if (!(error instanceof AppError && error.code === 'unpriced_model')) return error;
  return new RunFailed({ code: error.code, message: error.message, retryable: false }, { cause: error });
}

function failed(failure: DetectedFailure, decision: RecoveryDecision, cause: unknown): RunFailed {
  const reason = decision.action === 'stop' ? ` ${decision.reason}` : '';
  return new RunFailed({ code: failure.pattern, message: `${failure.message}${reason}`, pattern: failure.pattern, retryable: decision.strategy !== 'manual' }, { cause });
}
