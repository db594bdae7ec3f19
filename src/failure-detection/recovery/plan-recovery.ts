import type { DetectedFailure } from '../detected-failure.js';
import { FAILURE_PATTERNS } from '../patterns/failure-patterns.js';
import { delayOf } from './backoff.js';
import type { Random } from './random.js';
import type { RecoveryDecision, RecoveryHistory, RecoveryLimits, RecoveryStrategy } from './recovery-decision.js';
import { RECOVERY_PLANS } from './recovery-plans.js';
import type { RecoveryStep } from './recovery-step.js';

/** Why a step is passed over. */
type Obstacle = 'told_enough' | 'no_fallback_model' | 'no_architect' | 'server_delay' | 'retries' | 'backoff';

interface UpcomingStep {
  readonly step: RecoveryStep;
  /** Attempts of this step that were made before; 0 when it is new. */
  readonly attempt: number;
}

/** The first step of the failure's plan that is still open, possible and within the run's budget; else the end, with the reason. */
export function planRecovery(failure: DetectedFailure, history: RecoveryHistory, limits: RecoveryLimits, random: Random): RecoveryDecision {
  const obstacles: Obstacle[] = [];
  for (const upcoming of upcomingSteps(failure, history.attemptsOfPattern)) {
    const decided = decide(upcoming, failure, history, limits, random);
    if (typeof decided !== 'string') return decided;
    obstacles.push(decided);
  }
  const plan = RECOVERY_PLANS[failure.pattern];
  const reason = [...whyNotMore(obstacles, plan.steps.length > 0, limits, failure), failure.advice].join(' ');
  return { action: 'stop', strategy: FAILURE_PATTERNS[failure.pattern].strategy, reason, summarise: plan.summarise ?? false };
}

/** The strategy that comes next, budgets aside. */
export function nextStrategy(failure: DetectedFailure, history: RecoveryHistory): RecoveryStrategy {
  const next = upcomingSteps(failure, history.attemptsOfPattern).find(({ step }) => !lacks(step, history));
  return next?.step.strategy ?? 'manual';
}

function upcomingSteps(failure: DetectedFailure, attemptsMade: number): UpcomingStep[] {
  const upcoming: UpcomingStep[] = [];
  let before = 0;
  for (const step of RECOVERY_PLANS[failure.pattern].steps) {
    const attempt = Math.max(0, attemptsMade - before);
    before += step.attempts;
    if (attemptsMade < before) upcoming.push({ step, attempt });
  }
  return upcoming;
}

function decide({ step, attempt }: UpcomingStep, failure: DetectedFailure, history: RecoveryHistory, limits: RecoveryLimits, random: Random): RecoveryDecision | Obstacle {
  const lacking = lacks(step, history);
  if (lacking) return lacking;
  const { strategy, nudge } = step;
  if (step.action === 'continue') return { action: 'continue', strategy, ...(nudge && { nudge }) };
  const delayMs = delayOf(step.backoff, { attempt, serverDelayMs: failure.signal.retryDelayMs, limits, random });
  if (delayMs === undefined) return 'server_delay';
  if (history.retriesOfRun >= limits.maxRetriesPerRun) return 'retries';
  if (history.backoffMsOfRun + delayMs > limits.maxBackoffMs) return 'backoff';
  return {
    action: 'retry',
    strategy,
    delayMs,
    useFallbackModel: step.useFallbackModel ?? false,
    stream: !step.inOnePiece,
    ...(nudge && { nudge }),
    compactHistory: step.compactHistory ?? false,
    repairHistory: step.repairHistory ?? false,
    consultArchitect: step.consultArchitect ?? false,
  };
}

function lacks(step: RecoveryStep, history: RecoveryHistory): Obstacle | undefined {
  if (history.isToldEnough && step.nudge && !step.consultArchitect) return 'told_enough';
  if (step.useFallbackModel && !history.hasFallbackModel) return 'no_fallback_model';
  if (step.consultArchitect && !history.hasArchitect) return 'no_architect';
  return undefined;
}

function whyNotMore(obstacles: readonly Obstacle[], hasPlan: boolean, limits: RecoveryLimits, failure: DetectedFailure): string[] {
  const sentences: Readonly<Record<Obstacle, string>> = {
    told_enough: 'Telling the model again would not help.',
    server_delay: `The provider asks to wait ${Math.ceil((failure.signal.retryDelayMs ?? 0) / 1000)} s, which is longer than a run waits.`,
    retries: `The run has used all of its ${limits.maxRetriesPerRun} retries (retry.maxPerRun).`,
    backoff: `The run may not wait any longer for retries (retry.maxBackoffMs is ${limits.maxBackoffMs}).`,
    no_fallback_model: 'There is no other model to fall back to (FALLBACK_MODEL).',
    no_architect: 'There is no architect model to ask, or it was asked often enough (ARCHITECT_MODEL).',
  };
  const told = [...new Set(obstacles)].map((obstacle) => sentences[obstacle]);
  return hasPlan && told.length === 0 ? ['Trying again did not help.'] : told;
}
