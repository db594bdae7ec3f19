import type { Alarm, Detector, Thresholds } from './detector.js';
import { callKey, errorKey } from './fingerprint.js';
import type { ObservedCall, ObservedStep } from './observed-step.js';
import { RecentMap } from './recent-map.js';

interface Recurrence {
  readonly call: string;
  readonly epoch: number;
  readonly count: number;
}

/** The same error although the workspace has changed since: the changes miss its cause. An error that differs is progress. */
export class RecurringErrorDetector implements Detector {
  private readonly errors: RecentMap<string, Recurrence>;
  /** The error that each call gave last, so that its success makes a fresh start. */
  private readonly lastErrors: RecentMap<string, string>;

  constructor(private readonly thresholds: Thresholds) {
    this.errors = new RecentMap(() => thresholds('detector.rememberedCalls'));
    this.lastErrors = new RecentMap(() => thresholds('detector.rememberedCalls'));
  }

  observe({ calls }: ObservedStep): Alarm[] {
    return calls.flatMap((call) => (call.ok ? this.forget(call) : this.observeError(call)));
  }

  private forget(call: ObservedCall): Alarm[] {
    const error = this.lastErrors.get(callKey(call));
    if (error) this.errors.delete(error);
    return [];
  }

  private observeError(call: ObservedCall): Alarm[] {
    const key = errorKey(call);
    const before = this.errors.get(key);
    const isNewState = before?.epoch !== call.workspaceEpochBefore;
    const count = (before?.count ?? 0) + (isNewState ? 1 : 0);
    this.errors.set(key, { call: callKey(call), epoch: call.workspaceEpochBefore, count });
    this.lastErrors.set(callKey(call), key);
    return isNewState && count > 1 ? [this.alarm(call.name, key, count)] : [];
  }

  private alarm(name: string, key: string, count: number): Alarm {
    return {
      detector: 'recurring_error',
      pattern: 'decision_loop',
      key,
      count,
      ladder: {
        nudge: this.thresholds('detector.recurringError.nudge'),
        escalate: this.thresholds('detector.recurringError.escalate'),
        stop: this.thresholds('detector.recurringError.stop'),
      },
      nudge: `${name} has reported the same error after ${count} different states of the code: your changes do not touch its cause. Read the error again, check what you take for granted, and look for the cause elsewhere.`,
    };
  }
}
