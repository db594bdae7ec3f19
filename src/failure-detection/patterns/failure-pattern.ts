import type { FailureSource } from '../failure-signal.js';
import type { RecoveryStrategy } from '../recovery/recovery-decision.js';

export type FailureCategory = 'timeout' | 'tool' | 'capacity' | 'code' | 'stream' | 'model' | 'access' | 'resource' | 'agent' | 'infrastructure';

/** The `kind` of a signal that has nothing but `errorText`. */
export const TEXT_ONLY = 'text';

/** From the least to the most severe. */
export const SEVERITIES = ['low', 'medium', 'high', 'critical'] as const;
export type FailureSeverity = (typeof SEVERITIES)[number];

/** One kind of failure: how it is recognised, how bad it is, and what people are told. */
export interface FailurePattern {
  readonly name: string;
  readonly category: FailureCategory;
  readonly severity: FailureSeverity;
  /** What its recovery begins with; recovery-plans.ts has all the steps. */
  readonly strategy: RecoveryStrategy;
  readonly whatHappened: string;
  readonly whatIsDone: string;
  readonly whatYouCanDo: string;
  /** True when it says little, so that the text of an error channel may tell more. */
  readonly isGeneral?: boolean;
  /** Any one of these names the failure. */
  readonly signs: readonly FailureSign[];
}

/** Facts of a signal. All that are given must hold; of a list, one entry. */
export interface FailureSign {
  readonly sources?: readonly FailureSource[];
  readonly kinds?: readonly string[];
  readonly exceptKinds?: readonly string[];
  readonly statuses?: readonly number[];
  readonly statusRange?: readonly [from: number, to: number];
  readonly reasons?: readonly string[];
  readonly systemCodes?: readonly string[];
  readonly exitCodes?: readonly number[];
  readonly finishReasons?: readonly string[];
  readonly toolNames?: readonly string[];
  /** A part of the name of the exhausted quota. */
  readonly quotaIdPart?: string;
}
