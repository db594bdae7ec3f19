import type { Intent } from '../../common/index.js';
import { describeFailure, type DetectedFailure } from '../detected-failure.js';
import type { ContinueDecision, StopDecision } from '../recovery/recovery-decision.js';
import { CallCycleDetector } from './call-cycle.detector.js';
import { ChantingWatch } from './chanting-watch.js';
import { ChantingDetector } from './chanting.detector.js';
import type { Alarm, Detector, DetectorName, Rung, Thresholds } from './detector.js';
import { EditOscillationDetector } from './edit-oscillation.detector.js';
import { callKey } from './fingerprint.js';
import { FailingCallDetector } from './failing-call.detector.js';
import { Ladder, type RungedAlarm } from './ladder.js';
import type { ObservedStep, PlannedCall } from './observed-step.js';
import { RecentMap } from './recent-map.js';
import { withNote } from './remembered-output.js';
import { ReadingOnlyDetector } from './reading-only.detector.js';
import { RecurringErrorDetector } from './recurring-error.detector.js';
import { RepeatedReadDetector } from './repeated-read.detector.js';
import { RepeatedResultDetector } from './repeated-result.detector.js';
import { RepeatedTextDetector } from './repeated-text.detector.js';

/** A way in which the run goes astray, and what is done about it. */
export interface DetectorFinding {
  readonly detector: DetectorName;
  readonly rung: Rung;
  /** How often it has come by now. */
  readonly count: number;
  readonly failure: DetectedFailure;
  readonly decision: ContinueDecision | StopDecision;
}

/** Whether a call is worth making. */
export type CallVerdict =
  | { readonly verdict: 'run' }
  /** A read whose answer is known: give it this instead. */
  | { readonly verdict: 'remembered'; readonly output: string }
  /** A call that cannot succeed: give it this as its error. */
  | { readonly verdict: 'refused'; readonly reason: string };

export interface RunMonitorOptions {
  readonly intent: Intent;
  readonly thresholds: Thresholds;
  readonly maxIterations: () => number;
  readonly hasArchitect: boolean;
}

/**
 * Watches the steps of one run since the last user message. Knows no time and no chance: the same steps give the same
 * findings, so that a run taken up again is watched on by showing the steps it had.
 */
export class RunMonitor {
  private readonly thresholds: Thresholds;
  private readonly reads: RepeatedReadDetector;
  private readonly failingCalls: FailingCallDetector;
  private readonly detectors: readonly Detector[];
  private readonly ladder: Ladder;
  /** Calls that are refused, with the state of the workspace in which they are. */
  private readonly blockedCalls: RecentMap<string, number>;

  constructor({ intent, thresholds, maxIterations, hasArchitect }: RunMonitorOptions) {
    this.thresholds = thresholds;
    this.reads = new RepeatedReadDetector(thresholds);
    this.failingCalls = new FailingCallDetector(thresholds);
    this.detectors = [
      this.reads,
      new CallCycleDetector(thresholds),
      new RepeatedResultDetector(thresholds),
      this.failingCalls,
      new RecurringErrorDetector(thresholds),
      new EditOscillationDetector(thresholds),
      new RepeatedTextDetector(thresholds),
      new ReadingOnlyDetector(thresholds, intent, maxIterations),
      new ChantingDetector(thresholds),
    ];
    this.ladder = new Ladder(thresholds, hasArchitect);
    this.blockedCalls = new RecentMap(() => thresholds('detector.rememberedCalls'));
  }

  /** Takes note of a finished iteration. The finding that leads furthest comes first; of each pattern there is one at most. */
  observe(step: ObservedStep): DetectorFinding[] {
    const climbed = this.ladder.climb(this.detectors.flatMap((detector) => detector.observe(step)));
    for (const { alarm, rung } of climbed) if (rung !== 'nudge') this.block(alarm, step);
    return climbed.map(toFinding);
  }

  /** To be asked before a call is made, with the workspace as it is now. */
  review(call: PlannedCall, workspaceEpoch: number): CallVerdict {
    const remembered = this.reads.remembered(call, workspaceEpoch);
    if (remembered) return { verdict: 'remembered', output: withNote(remembered.output, remembered.iteration) };
    const failures = this.failingCalls.failuresThatBlock(call, workspaceEpoch);
    if (failures !== undefined) return refused(`this call has failed ${failures} times with the same input and nothing has changed since`);
    if (this.blockedCalls.get(callKey(call)) === workspaceEpoch) return refused('this call goes round in a circle and nothing has changed since');
    return { verdict: 'run' };
  }

  /** Watches one answer while it arrives, to break it off when it chants. */
  watchAnswer(): ChantingWatch {
    return new ChantingWatch(this.thresholds);
  }

  private block({ blockedCalls = [] }: Alarm, { calls }: ObservedStep): void {
    const epoch = calls.at(-1)?.workspaceEpochAfter;
    if (epoch !== undefined) for (const key of blockedCalls) this.blockedCalls.set(key, epoch);
  }
}

function refused(why: string): CallVerdict {
  return { verdict: 'refused', reason: `Not run: ${why}. Change its input or take another way.` };
}

function toFinding({ alarm, rung }: RungedAlarm): DetectorFinding {
  const failure = describeFailure(alarm.pattern, { source: 'run', kind: alarm.pattern, reason: alarm.detector });
  return { detector: alarm.detector, rung, count: alarm.count, failure, decision: decisionOf(alarm, rung, failure.advice) };
}

function decisionOf({ nudge, restriction }: RungedAlarm['alarm'], rung: Rung, advice: string): ContinueDecision | StopDecision {
  switch (rung) {
    case 'nudge':
      return { action: 'continue', strategy: 'retry', nudge };
    case 'restrict':
      return { action: 'continue', strategy: 'fallback', nudge, restriction };
    case 'escalate':
      return { action: 'continue', strategy: 'escalate', nudge, consultArchitect: true };
    case 'stop':
      return { action: 'stop', strategy: 'escalate', reason: `It did not stop when told so. ${advice}`, summarise: true };
  }
}
