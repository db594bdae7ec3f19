import { Inject, Injectable } from '@nestjs/common';
import { CLOCK, type Clock } from '../../common/index.js';
import type { DetectedFailure, RetryDecision } from '../../failure-detection/index.js';
import { ModelRegistry } from '../../models/index.js';
import { Architect, withAdvice } from '../architect/architect.js';
import { Compaction } from '../context/compaction.js';
import type { RunContext } from './run-context.js';

/** How the next attempt differs from the one before, beyond what the context says. */
export interface PreparedRetry {
  readonly nudge?: string;
  readonly stream: boolean;
  readonly compactHistory: boolean;
}

/** Does what a retry decision says before the next attempt: takes the answer back, changes the model, asks the architect, waits. */
@Injectable()
export class RetryPreparation {
  constructor(
    private readonly models: ModelRegistry,
    private readonly architect: Architect,
    private readonly compaction: Compaction,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  hasFallbackModel(context: RunContext): boolean {
    const fallback = this.models.fallback();
    return fallback !== undefined && fallback.id !== context.model.id;
  }

  /** @param signal aborts the wait, with a RunStopped */
  async prepare(context: RunContext, failure: DetectedFailure, decision: RetryDecision, signal: AbortSignal): Promise<PreparedRetry> {
    context.answer.discard('The answer broke off and is produced again.');
    context.totals = { ...context.totals, retries: context.totals.retries + 1 };
    context.backoffMs += decision.delayMs;
    if (decision.useFallbackModel) context.model = this.models.fallback() ?? context.model;
    if (decision.repairHistory) leaveOutSignedParts(context);
    this.tell(context, failure, decision);
    if (decision.compactHistory) await this.compaction.force(context, signal);
    const nudge = decision.nudge && (decision.consultArchitect ? withAdvice(decision.nudge, await this.architect.advise(context, `${failure.message} ${decision.nudge}`, signal)) : decision.nudge);
    await this.clock.sleep(decision.delayMs, signal);
    return { nudge, stream: decision.stream, compactHistory: decision.compactHistory };
  }

  private tell(context: RunContext, { pattern }: DetectedFailure, decision: RetryDecision): void {
    const { strategy, delayMs } = decision;
    context.writer.append({ type: 'recovery.applied', data: { pattern, strategy, action: describe(decision), attempt: context.attempts, delayMs, model: context.model.id } });
  }
}

/** For good: a model that refuses them once refuses them again. What is kept of the run in the database still has them. */
function leaveOutSignedParts(context: RunContext): void {
  context.steps = context.steps.map((step) => ({ ...step, answer: { ...step.answer, raw: undefined } }));
}

function describe(decision: RetryDecision): string {
  const changes = [
    decision.delayMs > 0 && `wait ${decision.delayMs} ms`,
    !decision.stream && 'ask for the answer in one piece',
    decision.nudge && 'tell the model what was wrong',
    decision.compactHistory && 'leave out what is old',
    decision.repairHistory && 'leave out the signed parts of earlier answers',
    decision.useFallbackModel && 'use the fallback model',
    decision.consultArchitect && 'ask the architect',
  ].filter(Boolean);
  return ['retry', ...changes].join(', ');
}
