import type { Alarm, Detector, Thresholds } from './detector.js';
import type { ChangedFile, ObservedStep } from './observed-step.js';
import { RecentMap } from './recent-map.js';

interface FileHistory {
  /** The last two contents. */
  readonly last: string;
  readonly beforeLast?: string;
  /** Changes in a row that went back to the content before the last. */
  readonly returns: number;
}

/** A file that goes to and fro between two contents. */
export class EditOscillationDetector implements Detector {
  private readonly files: RecentMap<string, FileHistory>;

  constructor(private readonly thresholds: Thresholds) {
    this.files = new RecentMap(() => thresholds('detector.rememberedCalls'));
  }

  observe({ calls }: ObservedStep): Alarm[] {
    return calls.flatMap(({ changedFiles = [] }) => changedFiles).flatMap((file) => this.observeChange(file));
  }

  private observeChange({ path, contentHash, previousContentHash }: ChangedFile): Alarm[] {
    const before = this.files.get(path) ?? (previousContentHash === undefined ? undefined : { last: previousContentHash, returns: 0 });
    if (!before) {
      this.files.set(path, { last: contentHash, returns: 0 });
      return [];
    }
    if (contentHash === before.last) return [];
    const returns = contentHash === before.beforeLast ? before.returns + 1 : 0;
    this.files.set(path, { last: contentHash, beforeLast: before.last, returns });
    const isRoundTrip = returns % 2 === 1; // A→B→A is one return, the B→A→B after it the second
    return isRoundTrip ? [this.alarm(path, (returns + 1) / 2)] : [];
  }

  private alarm(path: string, count: number): Alarm {
    return {
      detector: 'edit_oscillation',
      pattern: 'edit_oscillation',
      key: path,
      count,
      ladder: {
        nudge: this.thresholds('detector.editOscillation.nudge'),
        escalate: this.thresholds('detector.editOscillation.escalate'),
        stop: this.thresholds('detector.editOscillation.stop'),
      },
      nudge: `You have changed ${path} back and forth between the same two contents ${count} times. Neither was right: find out why before you change it again.`,
    };
  }
}
