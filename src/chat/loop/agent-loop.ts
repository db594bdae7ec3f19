import { Inject, Injectable } from '@nestjs/common';
import { AppError, CLOCK, type Clock } from '../../common/index.js';
import { type Limits, LIMITS_READER } from '../../limits/index.js';
import type { ModelAnswer, ToolCallRequest } from '../../models/index.js';
import type { FinishedBecause, RunOutcome } from '../runs/run-outcome.js';
import { intentOf } from '../runs/run-row.js';
import { isUniqueViolation, RunStore } from '../runs/run-store.js';
import { type Answer, AnswerStage } from './answer-stage.js';
import { type Deadline, startDeadline } from './deadline.js';
import { EmergencyModel } from './emergency-model.js';
import { IterationTimeouts } from './iteration-timeouts.js';
import { PatientStorage } from './patient-storage.js';
import type { OpenStep } from './run-checkpoints.js';
import { enterPhase, type RunContext } from './run-context.js';
import { RunStopped } from './run-stopped.js';
import { StepReview } from './step-review.js';
import { ToolStage } from './tool-stage.js';

/**
 * The agent loop: ask the model, run the tools it calls, let it see the results, until it answers.
 * Bounded by iterations, time, session, tokens and credits; the last allowed iteration offers no
 * tools and asks for the answer, so that a run ends with one.
 */
@Injectable()
export class AgentLoop {
  constructor(
    private readonly answers: AnswerStage,
    private readonly tools: ToolStage,
    private readonly review: StepReview,
    private readonly timeouts: IterationTimeouts,
    private readonly emergencyModel: EmergencyModel,
    private readonly store: RunStore,
    private readonly storage: PatientStorage,
    @Inject(LIMITS_READER) private readonly limits: Limits,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** @throws RunStopped, RunFailed, or whatever is our own fault; the executor turns each into an outcome */
  async run(context: RunContext): Promise<RunOutcome> {
    if (context.lastAnswer) return { status: 'completed', finishReason: this.whyLeftFinished(context, context.lastAnswer) };
    if (context.openStep) await this.finishOpenStep(context, context.openStep);
    for (let iteration = context.totals.iterations + 1; ; iteration++) {
      context.signal.throwIfAborted();
      const end = this.endWithQuestion(context) ?? this.endOfSession(context) ?? this.endOfOutput(context);
      if (end) return end;
      this.emergencyModel.apply(context);
      const finishedBecause = await this.iterate(context, iteration);
      if (finishedBecause) return { status: 'completed', finishReason: finishedBecause };
      context.attempts = 0;
    }
  }

  /** The run was left between an answer and the outcome of its calls: they come now, under the rules of their iteration. */
  private async finishOpenStep(context: RunContext, { iteration, answer, calls }: OpenStep): Promise<void> {
    const deadline = this.startIterationDeadline(context, iteration);
    try {
      await this.useTools(context, iteration, answer, calls, deadline.signal);
    } catch (error) {
      await this.timeouts.recover(context, iteration, error);
      if (context.steps.at(-1)?.iteration !== iteration) throw error;
    } finally {
      deadline.clear();
      context.openStep = undefined;
      context.attempts = 0;
    }
    this.tellIteration(context, iteration, context.totals.usage);
  }

  /** @returns why the run is finished, or undefined when it goes on */
  private async iterate(context: RunContext, iteration: number): Promise<FinishedBecause | undefined> {
    const maxIterations = this.limits.of(context.limits, `iteration.maxByIntent.${intentOf(context.row)}`);
    const usageBefore = context.totals.usage;
    context.totals = { ...context.totals, iterations: iteration };
    context.writer.append({ type: 'iteration.started', data: { iteration, maxIterations } });
    for (;;) {
      try {
        const end = await this.attemptIteration(context, iteration, maxIterations);
        this.tellIteration(context, iteration, usageBefore);
        return end;
      } catch (error) {
        if (error instanceof AppError && error.code === 'insufficient_credits') return this.outOfCredits(context);
        await this.timeouts.recover(context, iteration, error);
        if (context.steps.at(-1)?.iteration === iteration) return undefined; // its tools were stopped; what they said goes along
      }
    }
  }

  private async attemptIteration(context: RunContext, iteration: number, maxIterations: number): Promise<FinishedBecause | undefined> {
    const isLastIteration = iteration >= maxIterations || context.mustConclude;
    const deadline = this.startIterationDeadline(context, iteration);
    try {
      const answer = await this.answers.ask(context, { iteration, isLastIteration, signal: deadline.signal });
      context.answer.keep();
      context.nudge = undefined;
      context.restriction = undefined;
      const calls = isLastIteration ? [] : answer.response.answer.toolCalls;
      await this.saveAnswer(context, iteration, answer, calls);
      if (calls.length === 0) return this.whyFinished(context, iteration, isLastIteration, maxIterations, answer);
      await this.useTools(context, iteration, answer.response.answer, calls, deadline.signal);
      return undefined;
    } finally {
      deadline.clear();
    }
  }

  private startIterationDeadline(context: RunContext, iteration: number): Deadline {
    const timeoutMs = this.limits.of(context.limits, 'iteration.timeoutMs');
    return startDeadline(this.clock, context.signal, timeoutMs, () => new RunStopped('iteration_timeout', `iteration ${iteration} took longer than ${timeoutMs} ms`));
  }

  private async useTools(context: RunContext, iteration: number, answer: ModelAnswer, calls: readonly ToolCallRequest[], signal: AbortSignal): Promise<void> {
    const epochBefore = context.workspace.epoch;
    const { results, outcomes, toolResults } = await this.tools.run(context, calls, signal);
    await this.keepOwnership(this.storage.write(context, () => this.store.saveToolOutcomes(context.fence, outcomes, context.totals, context.writer.lastSeq)));
    context.steps = [...context.steps, { iteration, answer, results }];
    signal.throwIfAborted(); // also the iteration's: what its tools said is then only that they were stopped
    await this.review.afterStep(context, { iteration, answer, calls, toolResults, epochBefore, signal });
    if (context.workspace.epoch > epochBefore) enterPhase(context, 'working');
  }

  private async saveAnswer(context: RunContext, iteration: number, answer: Answer, calls: readonly ToolCallRequest[]): Promise<void> {
    const { response, settlement, attempt, durationMs, firstTokenMs } = answer;
    const step = { iteration, attempt, model: context.model.id, answer: response.answer, finishReason: response.finishReason, usage: response.usage, chargedNanoUsd: settlement.chargedNanoUsd, durationMs, firstTokenMs };
    const begun = calls.map((call) => ({ ...call, isReadOnly: this.tools.isReadOnly(call.name) }));
    const save = (): Promise<boolean> => this.store.saveAnswer(context.fence, step, begun, context.totals, context.phase, context.writer.lastSeq);
    await this.keepOwnership(this.storage.write(context, (isRepeated) => (isRepeated ? save().catch(savedBefore) : save())));
    await context.writer.flush();
  }

  /** A write that found another holder's token means that the run is no longer ours (I7). */
  private async keepOwnership(write: Promise<boolean>): Promise<void> {
    if (!(await write)) throw new RunStopped('lost_lease', 'another instance has taken the run over');
  }

  private tellIteration(context: RunContext, iteration: number, before: RunContext['totals']['usage']): void {
    const { usage } = context.totals;
    context.writer.append({
      type: 'iteration.completed',
      data: {
        iteration,
        usage: {
          inputTokens: usage.inputTokens - before.inputTokens + usage.toolUseInputTokens - before.toolUseInputTokens,
          cachedInputTokens: usage.cachedInputTokens - before.cachedInputTokens,
          outputTokens: usage.outputTokens - before.outputTokens,
          reasoningTokens: usage.reasoningTokens - before.reasoningTokens,
        },
      },
    });
  }

  private whyFinished(context: RunContext, iteration: number, isLastIteration: boolean, maxIterations: number, answer: Answer): FinishedBecause {
    if (answer.response.finishReason === 'length') return answer.isShortened ? this.outOfCredits(context) : 'length';
    if (context.mustConclude) return 'no_progress';
    if (!isLastIteration || iteration === 1) return 'stop';
    context.writer.append({
      type: 'limit.reached',
      data: { limit: `iteration.maxByIntent.${intentOf(context.row)}`, value: maxIterations, action: 'The last step had no tools and gave the answer.' },
    });
    return 'iterations';
  }

  /** The run was left between its answer and its end. */
  private whyLeftFinished(context: RunContext, { iteration, finishReason }: NonNullable<RunContext['lastAnswer']>): FinishedBecause {
    if (finishReason === 'length') return 'length';
    const maxIterations = this.limits.of(context.limits, `iteration.maxByIntent.${intentOf(context.row)}`);
    return iteration > 1 && iteration >= maxIterations ? 'iterations' : 'stop';
  }

  /** The person's answer is the next message of the conversation. */
  private endWithQuestion({ question, answer }: RunContext): RunOutcome | undefined {
    if (question === undefined) return undefined;
    answer.append(question);
    return { status: 'completed', finishReason: 'stop' };
  }

  private endOfSession(context: RunContext): RunOutcome | undefined {
    const maxCalls = this.limits.of(context.limits, 'model.maxCallsPerSession');
    if (context.session.modelCalls + context.totals.modelCalls < maxCalls) return undefined;
    const action = 'The run ended here. Start a new conversation to go on.';
    context.writer.append({ type: 'limit.reached', data: { limit: 'model.maxCallsPerSession', value: maxCalls, action } });
    if (context.answer.text === '') context.answer.append(`This conversation has used its ${maxCalls} model calls. ${action}`);
    return { status: 'completed', finishReason: 'session_limit' };
  }

  /** What is left of the run's output tokens is not worth a call. */
  private endOfOutput(context: RunContext): RunOutcome | undefined {
    const { outputTokens, reasoningTokens } = context.totals.usage;
    const used = outputTokens + reasoningTokens;
    const maxTokens = this.limits.of(context.limits, 'model.maxOutputTokens');
    if (used === 0 || maxTokens - used >= this.limits.of(context.limits, 'model.minOutputTokens')) return undefined;
    const action = 'The run ended here because it may write no more.';
    context.writer.append({ type: 'limit.reached', data: { limit: 'model.maxOutputTokens', value: maxTokens, action } });
    context.answer.append(`${action} What was done so far is kept; send another message to go on.`);
    return { status: 'completed', finishReason: 'length' };
  }

  private outOfCredits(context: RunContext): FinishedBecause {
    const action = 'The run ended here because the credits are used up.';
    context.writer.append({ type: 'limit.reached', data: { limit: 'credits', value: 0, action } });
    context.answer.append(`${action} What was done so far is kept.`);
    return 'credits';
  }
}

/** The write before had arrived, only its answer was lost. */
function savedBefore(error: unknown): boolean {
  if (isUniqueViolation(error)) return true;
  throw error;
}
