import { Inject, Injectable } from '@nestjs/common';
import { describeFailure, type DetectedFailure, governingFailure } from './detected-failure.js';
import { patternsOf } from './detect-patterns.js';
import type { FailureSignal } from './failure-signal.js';
import type { FailureSeverity } from './patterns/failure-pattern.js';
import { nextStrategy, planRecovery } from './recovery/plan-recovery.js';
import { RANDOM, type Random } from './recovery/random.js';
import type { RecoveryDecision, RecoveryHistory, RecoveryLimits, RecoveryStrategy } from './recovery/recovery-decision.js';

/** Names what went wrong and decides what is done about it. Keeps nothing: the same facts get the same answer, up to the jitter of delays. */
@Injectable()
export class FailureDetectionService {
  constructor(@Inject(RANDOM) private readonly random: Random) {}

  /** The failures that a signal shows, the one that decides first; empty for what is no known failure. Every `model` signal with a kind shows one. */
  detectFailurePatterns(signal: FailureSignal): DetectedFailure[] {
    const failures = patternsOf(signal).map((key) => describeFailure(key, signal));
    const governing = governingFailure(failures);
    return governing ? [governing, ...failures.filter((failure) => failure !== governing)] : [];
  }

  /** The worst severity among failures; `low` for none. */
  classifyFailureSeverity(failures: readonly DetectedFailure[]): FailureSeverity {
    return governingFailure(failures)?.severity ?? 'low';
  }

  /** What the recovery relies on next, budgets aside; `manual` when nothing is left to try. For no failures: `retry`. */
  determineRecoveryStrategy(failures: readonly DetectedFailure[], history: RecoveryHistory): RecoveryStrategy {
    const governing = governingFailure(failures);
    return governing ? nextStrategy(governing, history) : 'retry';
  }

  /**
   * What happens next, within the run's budget.
   * @param history of the failure that decides, which is the first that `detectFailurePatterns` answers
   */
  generateRecoveryAction(failures: readonly DetectedFailure[], history: RecoveryHistory, limits: RecoveryLimits): RecoveryDecision {
    const governing = governingFailure(failures);
    return governing ? planRecovery(governing, history, limits, this.random) : { action: 'continue', strategy: 'retry' };
  }
}
