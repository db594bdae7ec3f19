import type { Alarm, Detector, Thresholds } from './detector.js';
import { callKey, epochOf, isWaiting, resultKey } from './fingerprint.js';
import type { ObservedCall, ObservedStep, PlannedCall } from './observed-step.js';
import { RecentMap } from './recent-map.js';
import { withoutNote } from './remembered-output.js';

interface Read {
  readonly epoch: number | undefined;
  readonly result: string;
  readonly count: number;
  readonly iteration: number;
  readonly output: string;
}

/** What an earlier read of the same in the same workspace answered. */
export interface RememberedRead {
  readonly output: string;
  readonly iteration: number;
}

/** The same read again though nothing has changed since: its answer is known. */
export class RepeatedReadDetector implements Detector {
  private readonly reads: RecentMap<string, Read>;

  constructor(private readonly thresholds: Thresholds) {
    this.reads = new RecentMap(() => thresholds('detector.rememberedCalls'));
  }

  observe({ calls, iteration }: ObservedStep): Alarm[] {
    return calls.filter(({ ok, readOnly }) => ok && readOnly).flatMap((call) => this.observeRead(call, iteration));
  }

  /** The answer to a read that was already given in this state of the workspace. */
  remembered(call: PlannedCall, workspaceEpoch: number): RememberedRead | undefined {
    if (!call.answersFromWorkspace) return undefined;
    const read = this.reads.get(callKey(call));
    return read?.epoch === workspaceEpoch ? { output: read.output, iteration: read.iteration } : undefined;
  }

  private observeRead(call: ObservedCall, iteration: number): Alarm[] {
    const key = callKey(call);
    const result = resultKey(call);
    const before = this.reads.get(key);
    const epoch = epochOf(call);
    const isSame = epoch !== undefined && before?.epoch === epoch && before.result === result;
    const count = isSame ? before.count + 1 : 1;
    this.reads.set(key, { epoch, result, count, iteration: isSame ? before.iteration : iteration, output: withoutNote(call.output) });
    return isWaiting(call) || count < 2 ? [] : [this.alarm(call.name, key, count)];
  }

  private alarm(name: string, key: string, count: number): Alarm {
    return {
      detector: 'repeated_read',
      pattern: 'infinite_loop',
      key,
      count,
      ladder: {
        nudge: this.thresholds('detector.repeatedRead.nudge'),
        escalate: this.thresholds('detector.repeatedRead.escalate'),
        stop: this.thresholds('detector.repeatedRead.stop'),
      },
      nudge: `You called ${name} with the same input ${count} times and nothing changed in between, so the answer is the same. Use it, read something else, or act.`,
    };
  }
}
