import type { LimitKey } from '../../limits/index.js';
import type { FailurePatternKey } from '../patterns/failure-patterns.js';
import type { Restriction } from '../recovery/recovery-decision.js';
import type { ObservedStep } from './observed-step.js';

export const DETECTOR_NAMES = [
  'repeated_read',
  'call_cycle',
  'repeated_result',
  'failing_call',
  'recurring_error',
  'edit_oscillation',
  'repeated_text',
  'reading_only',
  'chanting',
] as const;
export type DetectorName = (typeof DETECTOR_NAMES)[number];

type DetectorKey = Extract<LimitKey, `detector.${string}`>;

/** The thresholds of the run (I6); read when they are needed. */
export type Thresholds = (key: DetectorKey) => number;

/** From the mildest to the last: a word, taking something away, advice from the architect, the end. */
export const RUNGS = ['nudge', 'restrict', 'escalate', 'stop'] as const;
export type Rung = (typeof RUNGS)[number];

/** A suspicion, with how often it has come and what to do from which count on. */
export interface Alarm {
  readonly detector: DetectorName;
  readonly pattern: FailurePatternKey;
  /** Tells one instance of the suspicion from another, e.g. the call that is repeated. */
  readonly key: string;
  readonly count: number;
  readonly ladder: Readonly<Partial<Record<Rung, number>>>;
  /** What the model is told: what it did, and what would be better. */
  readonly nudge: string;
  readonly restriction?: Restriction;
  /** Keys of the calls that the restriction refuses. */
  readonly blockedCalls?: readonly string[];
}

/** Watches for one way of going astray. Remembers a bounded part of the run; the same steps always give the same alarms. */
export interface Detector {
  observe(step: ObservedStep): Alarm[];
}
