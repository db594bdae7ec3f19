import type { RecoveryStrategy } from './recovery-decision.js';

/** Pauses before the attempts of a step: from `retry.firstDelayMs`, growing up to `retry.maxDelayMs`. */
export interface Backoff {
  /** Share of `retry.firstDelayMs` to begin with. Default 1. */
  readonly firstShare?: number;
  /** Default 2. */
  readonly factor?: number;
  /** Share of the pause that it may be longer or shorter by. Default none. */
  readonly jitter?: number;
  /** Waits as long as the provider asks, when that is no longer than `retry.maxServerDelayMs`; a longer one passes the step over. */
  readonly heedsServer?: boolean;
}

/** One rung of a recovery: what is tried, how often, and how the next request differs. */
export interface RecoveryStep {
  readonly strategy: RecoveryStrategy;
  readonly action: 'retry' | 'continue';
  readonly attempts: number;
  readonly backoff?: Backoff;
  readonly nudge?: string;
  readonly inOnePiece?: boolean;
  readonly useFallbackModel?: boolean;
  readonly consultArchitect?: boolean;
  readonly compactHistory?: boolean;
  readonly repairHistory?: boolean;
}

/** What is tried one after the other; no steps means that nothing would help. */
export interface RecoveryPlan {
  readonly steps: readonly RecoveryStep[];
  /** Whether the run is to sum up before it ends when the steps are used up. */
  readonly summarise?: boolean;
}
