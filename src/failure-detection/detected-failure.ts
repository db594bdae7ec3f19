import type { FailureSignal } from './failure-signal.js';
import { type FailureCategory, type FailurePattern, type FailureSeverity, SEVERITIES } from './patterns/failure-pattern.js';
import { FAILURE_PATTERNS, type FailurePatternKey } from './patterns/failure-patterns.js';

/** A recognised failure. */
export interface DetectedFailure {
  readonly pattern: FailurePatternKey;
  readonly category: FailureCategory;
  readonly severity: FailureSeverity;
  /** For people: what happened. */
  readonly message: string;
  /** For people: what is done about it. */
  readonly remedy: string;
  /** For people: what they can do. */
  readonly advice: string;
  readonly signal: FailureSignalSummary;
}

/** The facts of a signal that may be shown and kept; no text. */
export interface FailureSignalSummary {
  readonly source: string;
  readonly kind: string;
  readonly status?: number;
  readonly reason?: string;
  readonly systemCode?: string;
  readonly toolName?: string;
  readonly retryDelayMs?: number;
}

export function describeFailure(key: FailurePatternKey, signal: FailureSignal): DetectedFailure {
  const { category, severity, whatHappened, whatIsDone, whatYouCanDo }: FailurePattern = FAILURE_PATTERNS[key];
  const { source, kind, status, reason, systemCode, toolName, retryDelayMs } = signal;
  const facts = { source, kind, status, reason, systemCode, toolName, retryDelayMs };
  return { pattern: key, category, severity, message: whatHappened, remedy: whatIsDone, advice: whatYouCanDo, signal: facts };
}

/** The failure that decides what is done: the most severe, of equals the first. */
export function governingFailure(failures: readonly DetectedFailure[]): DetectedFailure | undefined {
  const rank = ({ severity }: DetectedFailure): number => SEVERITIES.indexOf(severity);
  return failures.reduce<DetectedFailure | undefined>((worst, failure) => (!worst || rank(failure) > rank(worst) ? failure : worst), undefined);
}
