import type { Alarm, Detector, Thresholds } from './detector.js';
import { callKey, isWaiting, resultKey } from './fingerprint.js';
import type { ObservedCall, ObservedStep } from './observed-step.js';
import { RecentMap } from './recent-map.js';

/** The same call with the same result in an unchanged workspace, not necessarily in a row. */
export class RepeatedResultDetector implements Detector {
  private readonly iterations: RecentMap<string, number[]>;

  constructor(private readonly thresholds: Thresholds) {
    this.iterations = new RecentMap(() => thresholds('detector.rememberedCalls'));
  }

  observe({ calls, iteration }: ObservedStep): Alarm[] {
    return calls.flatMap((call) => this.observeCall(call, iteration));
  }

  private observeCall(call: ObservedCall, iteration: number): Alarm[] {
    const key = `${callKey(call)} ${resultKey(call)} ${call.workspaceEpochBefore}`;
    const oldest = iteration - this.thresholds('detector.windowSteps');
    const within = [...(this.iterations.get(key) ?? []).filter((earlier) => earlier > oldest), iteration];
    this.iterations.set(key, within);
    return within.length < 2 ? [] : [this.alarm(call, key, within.length)];
  }

  private alarm(call: ObservedCall, key: string, count: number): Alarm {
    const factor = isWaiting(call) ? this.thresholds('detector.pollingFactor') : 1;
    return {
      detector: 'repeated_result',
      pattern: 'infinite_loop',
      key,
      count,
      ladder: {
        nudge: this.thresholds('detector.repeatedResult.nudge') * factor,
        escalate: this.thresholds('detector.repeatedResult.escalate') * factor,
        stop: this.thresholds('detector.repeatedResult.stop') * factor,
      },
      nudge: `${call.name} gave you the same result for the same input ${count} times, and nothing changed in between. Change something first, or go on with what you know.`,
    };
  }
}
