import type { Alarm, Detector, Thresholds } from './detector.js';
import { callKey, epochOf } from './fingerprint.js';
import type { ObservedCall, ObservedStep, PlannedCall } from './observed-step.js';
import { RecentMap } from './recent-map.js';

interface Failures {
  readonly epoch: number;
  readonly count: number;
}

/** The same call failing again in an unchanged workspace: it will not start to work by itself. */
export class FailingCallDetector implements Detector {
  private readonly failures: RecentMap<string, Failures>;

  constructor(private readonly thresholds: Thresholds) {
    this.failures = new RecentMap(() => thresholds('detector.rememberedCalls'));
  }

  observe({ calls }: ObservedStep): Alarm[] {
    return calls.flatMap((call) => this.observeCall(call));
  }

  /** How often the call has failed in this state of the workspace, when that is often enough to refuse it. */
  failuresThatBlock(call: PlannedCall, workspaceEpoch: number): number | undefined {
    const failures = this.failures.get(callKey(call));
    if (failures?.epoch !== workspaceEpoch) return undefined;
    return failures.count + 1 >= this.thresholds('detector.failingCall.block') ? failures.count : undefined;
  }

  private observeCall(call: ObservedCall): Alarm[] {
    const key = callKey(call);
    if (call.ok) {
      this.failures.delete(key);
      return [];
    }
    const before = this.failures.get(key);
    const isSameState = before !== undefined && before.epoch === epochOf(call);
    const count = isSameState ? before.count + 1 : 1;
    this.failures.set(key, { epoch: call.workspaceEpochAfter, count });
    return count < 2 ? [] : [this.alarm(call.name, key, count)];
  }

  private alarm(name: string, key: string, count: number): Alarm {
    return {
      detector: 'failing_call',
      pattern: 'infinite_loop',
      key,
      count,
      ladder: {
        nudge: this.thresholds('detector.failingCall.nudge'),
        restrict: this.thresholds('detector.failingCall.block'),
        escalate: this.thresholds('detector.failingCall.escalate'),
        stop: this.thresholds('detector.failingCall.stop'),
      },
      nudge: `${name} has failed ${count} times with exactly this input. Read its error, then change the input or take another way; the same call is refused until something changes.`,
      restriction: { kind: 'blocked_calls', names: [name] },
    };
  }
}
