import { Inject, Injectable } from '@nestjs/common';
import { CLOCK, type Clock } from '../../common/index.js';
import { isDatabaseUnreachable } from '../../database/index.js';
import { type DetectedFailure, FailureDetectionService, type RecoveryDecision, recoveryLimitsOf } from '../../failure-detection/index.js';
import { type Limits, LIMITS_READER } from '../../limits/index.js';
import { FailureReporter } from './failure-reporter.js';
import type { RunContext } from './run-context.js';
import { RunFailed } from './run-failed.js';

/** Writes of a run that wait for a database which is away for a moment; nothing else goes on meanwhile. */
@Injectable()
export class PatientStorage {
  constructor(
    private readonly detection: FailureDetectionService,
    private readonly reporter: FailureReporter,
    @Inject(LIMITS_READER) private readonly limits: Limits,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /**
   * @param write may have been done although its answer was lost, and must bear being done again
   * @throws RunFailed when the database stays away, RunStopped when the run is stopped meanwhile, whatever else `write` throws
   */
  async write<Result>(context: RunContext, write: (isRepeated: boolean) => Promise<Result>): Promise<Result> {
    let lost: { readonly failure: DetectedFailure; readonly decision: RecoveryDecision } | undefined;
    for (let attempt = 0; ; attempt++) {
      try {
        const result = await write(attempt > 0);
        if (lost) await this.reporter.recovered([await this.reporter.keep(context, context.totals.iterations, attempt, lost.failure, lost.decision)]);
        return result;
      } catch (error) {
        if (!isDatabaseUnreachable(error)) throw error;
        lost = await this.wait(context, attempt, error);
      }
    }
  }

  private async wait(context: RunContext, attempt: number, cause: unknown): Promise<{ failure: DetectedFailure; decision: RecoveryDecision }> {
    const failures = this.detection.detectFailurePatterns({ source: 'database', kind: 'unreachable' });
    const [failure] = failures as [DetectedFailure];
    const history = { attemptsOfPattern: attempt, retriesOfRun: context.totals.retries, backoffMsOfRun: context.backoffMs, hasFallbackModel: false };
    const decision = this.detection.generateRecoveryAction(failures, history, recoveryLimitsOf(this.limits, context.limits));
    this.reporter.tell(context, failure, decision);
    if (decision.action !== 'retry') {
      const reason = decision.action === 'stop' ? decision.reason : '';
      throw new RunFailed({ code: failure.pattern, pattern: failure.pattern, message: `${failure.message} ${reason}`, retryable: true }, { cause });
    }
    const { strategy, delayMs } = decision;
    context.totals = { ...context.totals, retries: context.totals.retries + 1 };
    context.backoffMs += delayMs;
    context.writer.append({ type: 'recovery.applied', data: { pattern: failure.pattern, strategy, action: `write again, wait ${delayMs} ms`, attempt: attempt + 1, delayMs } });
    await this.clock.sleep(delayMs, context.signal);
    return { failure, decision };
  }
}
