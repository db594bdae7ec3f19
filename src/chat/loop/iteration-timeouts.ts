import { Inject, Injectable } from '@nestjs/common';
import { type DetectedFailure, FailureDetectionService, type RecoveryDecision, recoveryLimitsOf } from '../../failure-detection/index.js';
import { type Limits, LIMITS_READER } from '../../limits/index.js';
import { FailureReporter } from './failure-reporter.js';
import type { RunContext } from './run-context.js';
import { RunStopped } from './run-stopped.js';

/** An iteration that takes too long is tried once more with a smaller scope; then the run sums up; then it ends. */
@Injectable()
export class IterationTimeouts {
  constructor(
    private readonly detection: FailureDetectionService,
    private readonly reporter: FailureReporter,
    @Inject(LIMITS_READER) private readonly limits: Limits,
  ) {}

  /** Prepares the context for going on. @throws the error itself when it is something else, or nothing is left to try */
  async recover(context: RunContext, iteration: number, error: unknown): Promise<void> {
    const isTimeout = error instanceof RunStopped && error.stopCause === 'iteration_timeout';
    if (!isTimeout || context.signal.aborted || context.mustConclude) throw error;
    const failures = this.detection.detectFailurePatterns({ source: 'run', kind: 'iteration_timeout' });
    const decision = this.decide(context, failures);
    const [failure] = failures;
    if (!failure || (decision.action === 'stop' && !decision.summarise)) throw error;
    context.iterationTimeouts++;
    context.answer.discard('The step took too long and is done again.');
    await this.reporter.report(context, iteration, context.attempts, failure, decision);
    this.apply(context, failure, decision);
  }

  private apply(context: RunContext, { pattern }: DetectedFailure, decision: RecoveryDecision): void {
    const { strategy } = decision;
    if (decision.action === 'stop') {
      context.mustConclude = true;
      context.nudge = decision.reason;
    } else {
      context.totals = { ...context.totals, retries: context.totals.retries + 1 };
      context.nudge = decision.nudge;
    }
    const action = decision.action === 'stop' ? 'ask for a summary and end' : 'retry with a smaller scope';
    context.writer.append({ type: 'recovery.applied', data: { pattern, strategy, action, attempt: context.iterationTimeouts } });
  }

  private decide(context: RunContext, failures: readonly DetectedFailure[]): RecoveryDecision {
    return this.detection.generateRecoveryAction(
      failures,
      { attemptsOfPattern: context.iterationTimeouts, retriesOfRun: context.totals.retries, backoffMsOfRun: context.backoffMs, hasFallbackModel: false },
      recoveryLimitsOf(this.limits, context.limits),
    );
  }
}
