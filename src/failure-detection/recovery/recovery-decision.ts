/** What the recovery of a failure relies on: the same again, another way, other advice, or a person. */
export type RecoveryStrategy = 'retry' | 'fallback' | 'escalate' | 'manual';

/** What has been tried in this run; budgets are spent against it. */
export interface RecoveryHistory {
  /** Attempts so far at recovering from this pattern in this iteration. */
  readonly attemptsOfPattern: number;
  readonly retriesOfRun: number;
  readonly backoffMsOfRun: number;
  /** A fallback model is configured and not the one in use. */
  readonly hasFallbackModel: boolean;
  /** An architect model is configured and may still be asked in this run. Default false. */
  readonly hasArchitect?: boolean;
  /** The model was told often enough, by a limit of the caller: steps that only tell it again are passed over. Default false. */
  readonly isToldEnough?: boolean;
}

/** One budget for all retries of a run, and how long a single pause may be. Those left out are the defaults of the registry. */
export interface RecoveryLimits {
  /** `retry.maxPerRun` */
  readonly maxRetriesPerRun: number;
  /** `retry.maxBackoffMs` */
  readonly maxBackoffMs: number;
  /** `retry.firstDelayMs` */
  readonly firstDelayMs?: number;
  /** `retry.maxDelayMs` */
  readonly maxDelayMs?: number;
  /** `retry.maxServerDelayMs` */
  readonly maxServerDelayMs?: number;
}

/**
 * What the model may no longer do: anything but act, or to repeat certain calls until something has changed
 * (`RunMonitor.review` refuses those; the names are for people).
 */
export type Restriction =
  | { readonly kind: 'acting_tools_only' }
  | { readonly kind: 'blocked_calls'; readonly names: readonly string[] };

/**
 * What happens next. The agent loop does exactly this: the decision IS a part of the next request.
 * - `retry`: the same call again after `delayMs`, changed as said; costs one retry of the run's budget
 * - `continue`: go on to the next iteration; costs nothing of the budget
 * - `stop`: end the run with the failure's message and this reason
 */
export type RecoveryDecision = RetryDecision | ContinueDecision | StopDecision;

export interface RetryDecision {
  readonly action: 'retry';
  readonly strategy: RecoveryStrategy;
  readonly delayMs: number;
  /** Switch to the fallback model, for the rest of the run. False keeps the model in use. */
  readonly useFallbackModel: boolean;
  /** False asks for the answer in one piece. */
  readonly stream: boolean;
  /** What the model is told, as user text after everything else. */
  readonly nudge?: string;
  /** Shrink the history before asking again. */
  readonly compactHistory: boolean;
  /** Send earlier answers without the provider's signed parts. */
  readonly repairHistory: boolean;
  /** Ask the architect model first; its advice goes along with the nudge. */
  readonly consultArchitect: boolean;
}

export interface ContinueDecision {
  readonly action: 'continue';
  readonly strategy: RecoveryStrategy;
  readonly nudge?: string;
  readonly restriction?: Restriction;
  readonly consultArchitect?: boolean;
}

export interface StopDecision {
  readonly action: 'stop';
  readonly strategy: RecoveryStrategy;
  /** Why nothing more is tried, and what people can do. */
  readonly reason: string;
  /** Worth one last model call without tools that sums up what was done and what is missing. */
  readonly summarise: boolean;
}
