import type { Alarm, Detector, Thresholds } from './detector.js';
import { callKey, isWaiting, resultKey } from './fingerprint.js';
import type { ObservedCall, ObservedStep } from './observed-step.js';

interface Entry {
  readonly name: string;
  readonly call: string;
  readonly outcome: string;
  readonly waits: boolean;
}

interface Cycle {
  readonly length: number;
  readonly rounds: number;
}

/**
 * The same few calls round and round, by single calls and by whole steps of parallel ones. Equal results make it a loop;
 * with differing results it may be work (a flaky test looked into), so that the model is only told.
 */
export class CallCycleDetector implements Detector {
  private calls: Entry[] = [];
  private steps: Entry[] = [];

  constructor(private readonly thresholds: Thresholds) {}

  observe({ calls }: ObservedStep): Alarm[] {
    if (calls.length === 0) return [];
    const entries = calls.map(toEntry);
    const alarms = entries.flatMap((entry) => {
      this.calls = this.append(this.calls, entry);
      return this.look(this.calls);
    });
    this.steps = this.append(this.steps, joined(entries));
    return calls.length === 1 ? alarms : [...alarms, ...this.look(this.steps)];
  }

  private append(history: readonly Entry[], entry: Entry): Entry[] {
    const longest = this.thresholds('detector.callCycle.maxLength') * (this.thresholds('detector.callCycle.stop') * this.thresholds('detector.pollingFactor') + 1);
    return [...history, entry].slice(-longest);
  }

  private look(history: readonly Entry[]): Alarm[] {
    const maxLength = this.thresholds('detector.callCycle.maxLength');
    const loop = findCycle(history, maxLength, (entry) => entry.call + entry.outcome);
    const habit = findCycle(history, maxLength, (entry) => entry.call);
    return [loop && this.alarm(history, loop, true), habit && this.alarm(history, habit, false)].filter((alarm) => alarm !== undefined);
  }

  private alarm(history: readonly Entry[], { length, rounds }: Cycle, hasSameResults: boolean): Alarm | undefined {
    const members = history.slice(-length);
    const waits = members.some((entry) => entry.waits);
    if (waits && !hasSameResults) return undefined;
    const factor = waits ? this.thresholds('detector.pollingFactor') : 1;
    const nudge = this.thresholds('detector.callCycle.nudge') * factor;
    const names = [...new Set(members.flatMap((entry) => entry.name.split(', ')))];
    return {
      detector: 'call_cycle',
      pattern: 'infinite_loop',
      key: members.map((entry) => entry.call).sort().join(),
      count: rounds,
      ladder: hasSameResults
        ? {
            nudge,
            ...(!waits && { restrict: this.thresholds('detector.callCycle.restrict') }), // waiting is told to end, never made impossible
            escalate: this.thresholds('detector.callCycle.escalate') * factor,
            stop: this.thresholds('detector.callCycle.stop') * factor,
          }
        : { nudge },
      nudge: `You made the same ${length === 1 ? 'call' : `round of ${length} calls`} (${names.join(', ')}) ${rounds} times in a row${hasSameResults ? ' with the same results' : ''}. Doing it again will not help: draw your conclusion, change something, or try another way.`,
      restriction: { kind: 'blocked_calls', names },
      blockedCalls: members.flatMap((entry) => entry.call.split(', ')),
    };
  }
}

function toEntry(call: ObservedCall): Entry {
  return { name: call.name, call: callKey(call), outcome: resultKey(call), waits: isWaiting(call) };
}

/** Parallel calls as one; their order means nothing. */
function joined(entries: readonly Entry[]): Entry {
  const sorted = [...entries].sort((a, b) => (a.call < b.call ? -1 : 1));
  const join = (pick: (entry: Entry) => string): string => sorted.map(pick).join(', ');
  return { name: join((entry) => entry.name), call: join((entry) => entry.call), outcome: join((entry) => entry.outcome), waits: entries.some((entry) => entry.waits) };
}

/** The cycle at the end of a history with the most rounds, when its last round has just been completed. */
function findCycle(history: readonly Entry[], maxLength: number, symbolOf: (entry: Entry) => string): Cycle | undefined {
  const symbols = history.map(symbolOf);
  let best: Cycle | undefined;
  for (let length = 1; length <= maxLength; length++) {
    let matching = 0;
    while (matching + length < symbols.length && symbols.at(-1 - matching) === symbols.at(-1 - matching - length)) matching++;
    const rounds = Math.floor(matching / length) + 1;
    if (rounds > 1 && matching % length === 0 && rounds > (best?.rounds ?? 0)) best = { length, rounds };
  }
  return best;
}
