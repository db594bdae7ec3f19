import { Inject, Injectable } from '@nestjs/common';
import { type BalanceLevel, BillingService, type Settlement, TokenEstimator } from '../../billing/index.js';
import { CLOCK, type Clock, NO_USAGE, toCredits, type TokenUsage, totalTokens } from '../../common/index.js';
import { CONFIG, type Config } from '../../config/index.js';
import { type Limits, LIMITS_READER } from '../../limits/index.js';
import { Metrics } from '../../metrics/index.js';
import { GuardedModels, type LanguageModel, ModelError, type ModelRequest, type ModelResponse } from '../../models/index.js';
import { intentOf } from '../runs/run-row.js';
import { AnswerChants } from './answer-chants.js';
import { CallProgress } from './call-progress.js';
import { PromptGauge } from './prompt-gauge.js';
import { PatientStorage } from './patient-storage.js';
import type { RunContext } from './run-context.js';
import { RunStopped } from './run-stopped.js';
import { addModelCall } from './run-totals.js';
import { RunTraces } from './run-traces.js';

export interface ModelCall {
  readonly iteration: number;
  readonly attempt: number;
  readonly model: LanguageModel;
  readonly request: ModelRequest;
  /** Before calibration. */
  readonly estimatedInputTokens: number;
  /** As well as is known what the provider will count. */
  readonly expectedInputTokens: number;
  readonly minOutputTokens: number;
  /** False asks for an answer in one piece. */
  readonly stream: boolean;
  /** A call of the run's own: nobody is shown what it says, and it is no retry. Default false. */
  readonly isSideCall?: boolean;
  /** Aborts with a RunStopped. */
  readonly signal: AbortSignal;
}

export interface CompletedModelCall {
  readonly response: ModelResponse;
  readonly settlement: Settlement;
  readonly durationMs: number;
  readonly firstTokenMs: number | null;
  /** The credits allowed less output than was wished for. */
  readonly isShortened: boolean;
  /** Whether there was any thought. */
  readonly hasReasoned: boolean;
}

/**
 * One model call and its money: reserve the ceiling that is really sent, stream, and settle what was
 * used, whether the call succeeds, fails or is cut short. Nothing here retries.
 */
@Injectable()
export class ModelStage {
  constructor(
    private readonly billing: BillingService,
    private readonly estimator: TokenEstimator,
    private readonly guarded: GuardedModels,
    private readonly metrics: Metrics,
    private readonly storage: PatientStorage,
    private readonly traces: RunTraces,
    private readonly gauge: PromptGauge,
    @Inject(LIMITS_READER) private readonly limits: Limits,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  /**
   * @throws ModelError when the call fails, AnswerChants when it was broken off, RunStopped when it is aborted, AppError `insufficient_credits` when it cannot be paid for
   */
  async call(context: RunContext, call: ModelCall): Promise<CompletedModelCall> {
    const hold = await this.storage.write(context, () => this.billing.reserve({
      userId: context.row.userId,
      runId: context.row.id,
      iteration: call.iteration,
      attempt: call.attempt,
      model: call.model.id,
      intent: intentOf(context.row),
      inputTokens: Math.ceil(call.expectedInputTokens * this.limits.of(context.limits, 'billing.ceilingFactor')),
      maxOutputTokens: call.request.maxOutputTokens,
      minOutputTokens: call.minOutputTokens,
      leaseMs: this.limits.of(context.limits, 'iteration.timeoutMs') + this.limits.of(context.limits, 'billing.holdLeaseMs'),
      isDispatching: true,
    }));
    const progress = new CallProgress(context, this.clock, call);
    try {
      call.signal.throwIfAborted();
      progress.isSent = true;
      const response = await this.guarded.generate(
        call.model,
        { ...call.request, maxOutputTokens: hold.maxOutputTokens },
        {
          signal: progress.signal,
          onDelta: progress.onDelta,
          onUsage: progress.onUsage,
          firstByteTimeoutMs: this.limits.of(context.limits, 'model.firstByteTimeoutMs'),
          idleTimeoutMs: this.limits.of(context.limits, 'model.idleTimeoutMs'),
          maxResponseBytes: this.limits.of(context.limits, 'model.maxResponseBytes'),
          stream: call.stream,
        },
      );
      // Not every server counts; what was sent and said is then counted here.
      const isCounted = totalTokens(response.usage) > 0;
      const usage = isCounted ? response.usage : this.countLocally(call, progress.text);
      if (isCounted) this.learn(context, call, usage);
      const settlement = await this.settle(context, call, usage, false, progress);
      this.measure(context, call, progress, usage, null);
      progress.signal.throwIfAborted(); // an answer in one piece may chant as well
      return { response: { ...response, usage }, settlement, durationMs: progress.durationMs, firstTokenMs: progress.firstTokenMs, isShortened: hold.maxOutputTokens < call.request.maxOutputTokens, hasReasoned: progress.hasReasoned };
    } catch (error) {
      await this.settleUnfinished(context, call, hold.holdId, error, progress);
      throw error;
    } finally {
      progress.end();
    }
  }

  /**
   * A call that broke off is billed for what is known to have been used. One that we broke off before a word of it came is
   * billed for its prompt, as its provider bills it; one that was refused or never sent is not billed.
   */
  private async settleUnfinished(context: RunContext, call: ModelCall, holdId: string, error: unknown, progress: CallProgress): Promise<void> {
    if (progress.isSettled) return; // the answer was there and paid for; something after it failed
    const reported = (error instanceof ModelError ? error.usage : undefined) ?? progress.usage;
    const mayHaveCost = progress.text !== '' || (progress.isSent && error instanceof RunStopped);
    const usage = reported ?? (mayHaveCost ? this.countLocally(call, progress.text) : undefined);
    this.measure(context, call, progress, usage ?? NO_USAGE, errorTypeOf(error));
    if (usage) await this.settle(context, call, usage, true, progress);
    else await this.billing.release(holdId);
  }

  private learn(context: RunContext, { model, estimatedInputTokens: estimatedTokens, isSideCall }: ModelCall, usage: TokenUsage): void {
    const anchor = this.gauge.learn({ model: model.id, estimatedTokens, realTokens: usage.inputTokens });
    if (!isSideCall) context.promptAnchor = anchor;
  }

  private countLocally(call: ModelCall, text: string): TokenUsage {
    return { ...NO_USAGE, inputTokens: call.expectedInputTokens, outputTokens: this.estimator.estimate(text) };
  }

  private async settle(context: RunContext, call: ModelCall, usage: TokenUsage, isPartial: boolean, progress: CallProgress): Promise<Settlement> {
    const { row } = context;
    const settlement = await this.storage.write(context, () => this.billing.settle({
      holdId: `${row.id}:${call.iteration}:${call.attempt}`,
      userId: row.userId,
      runId: row.id,
      iteration: call.iteration,
      attempt: call.attempt,
      intent: intentOf(row),
      model: call.model.id,
      usage,
      isPartial,
      isSystemRetry: !call.isSideCall && call.attempt > 1,
    }));
    progress.isSettled = true;
    context.totals = addModelCall(context.totals, { usage, chargedNanoUsd: settlement.chargedNanoUsd, generationMs: progress.generationMs });
    const { inputTokens, cachedInputTokens, outputTokens, reasoningTokens, toolUseInputTokens } = usage;
    const creditValue = this.config.billing.creditValueNanoUsd;
    context.writer.append({
      type: 'usage.recorded',
      data: {
        iteration: context.totals.iterations,
        model: call.model.id,
        inputTokens: inputTokens + toolUseInputTokens,
        cachedInputTokens,
        outputTokens,
        reasoningTokens,
        credits: toCredits(settlement.chargedNanoUsd, creditValue),
        balance: toCredits(settlement.balance.availableNanoUsd, creditValue),
        level: settlement.level,
      },
    });
    warnOfLevel(context, settlement);
    return settlement;
  }

  private measure({ row }: RunContext, { model }: ModelCall, progress: CallProgress, usage: TokenUsage, errorType: string | null): void {
    const sample = { model: model.id, durationMs: progress.durationMs, firstTokenMs: progress.firstTokenMs, usage, errorType };
    this.metrics.recordModelCall(sample);
    this.traces.modelCalled({ runId: row.id, ...sample });
  }
}

const LEFT_AT: Readonly<Record<BalanceLevel, string>> = { good: '', low: 'A fifth or less of the allowance is left.', critical: 'A tenth or less of the allowance is left.' };
const ORDER: readonly BalanceLevel[] = ['good', 'low', 'critical'];

/** Says once that the account has become low or critical. */
function warnOfLevel({ writer }: RunContext, { level, previousLevel }: Settlement): void {
  if (ORDER.indexOf(level) <= ORDER.indexOf(previousLevel)) return;
  writer.append({ type: 'limit.reached', data: { limit: 'credits', value: level, action: LEFT_AT[level] } });
}

/** As OpenTelemetry names errors of model calls: the status when there is one. */
function errorTypeOf(error: unknown): string {
  if (error instanceof ModelError) return error.status?.toString() ?? error.kind;
  if (error instanceof AnswerChants) return 'cancelled';
  if (error instanceof RunStopped) return error.stopCause === 'cancelled' ? 'cancelled' : 'timeout';
  return 'internal';
}
