import type { Intent } from '../../common/index.js';
import type { Alarm, Detector, Thresholds } from './detector.js';
import type { ObservedStep } from './observed-step.js';

/** Fewer reading iterations than this are never too many. */
const MIN_ITERATIONS = 3;
const INTENTS_TO_CHANGE: ReadonlySet<Intent> = new Set(['fix', 'refactor']);

/** Reads and reads where something is to be changed. Told once, then restricted until it acts; never ended for it. */
export class ReadingOnlyDetector implements Detector {
  private hasActed = false;

  constructor(
    private readonly thresholds: Thresholds,
    private readonly intent: Intent,
    private readonly maxIterations: () => number,
  ) {}

  observe({ iteration, calls }: ObservedStep): Alarm[] {
    if (calls.some((call) => !call.readOnly)) this.hasActed = true;
    if (this.hasActed || !INTENTS_TO_CHANGE.has(this.intent)) return [];
    const after = (share: number): number => Math.max(MIN_ITERATIONS, Math.ceil(share * this.maxIterations()));
    const ladder = { nudge: after(this.thresholds('detector.readingOnly.nudgeShare')), restrict: after(this.thresholds('detector.readingOnly.restrictShare')) };
    return iteration === ladder.nudge || iteration >= ladder.restrict ? [this.alarm(iteration, ladder)] : [];
  }

  private alarm(count: number, ladder: Alarm['ladder']): Alarm {
    return {
      detector: 'reading_only',
      pattern: 'analysis_paralysis',
      key: 'run',
      count,
      ladder,
      nudge: `You have used ${count} of ${this.maxIterations()} steps and only read. Make the change now with what you know, and run a check on it; if something keeps you from it, say what.`,
      restriction: { kind: 'acting_tools_only' },
    };
  }
}
