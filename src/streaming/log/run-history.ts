import { EMPTY_SNAPSHOT, foldSnapshot } from '../run-snapshot.js';
import { isTerminal, type RunEvent, type RunEventBody, type RunSnapshot } from '../run-event.js';
import type { RunEventPage } from '../run-event-log.port.js';
import { SharedEvent } from './shared-event.js';

/** Share of the bound that is trimmed at once, so that a run at its bound does not move its whole array for every event. */
const TRIMMED_SHARE = 0.1;

/** The events of one run that are still kept, and a snapshot in place of those that are not. */
export class RunHistory {
  private kept: SharedEvent[] = [];
  /** Stands for all events before the oldest kept one; undefined when some of those were never here. */
  private beginning: RunSnapshot | undefined;
  private snapshotBeforeKept: SharedEvent | undefined;
  private terminated = false;
  /** The highest token that has opened the run for writing (I7). */
  fencingToken = 0;

  /** @param beforeSeq the events up to this one were logged elsewhere, and are unknown here */
  constructor(
    readonly runId: string,
    private beforeSeq: number,
  ) {
    this.beginning = beforeSeq === 0 ? EMPTY_SNAPSHOT : undefined;
  }

  get lastSeq(): number {
    return this.beforeSeq + this.kept.length;
  }

  get keptCount(): number {
    return this.kept.length;
  }

  get ended(): boolean {
    return this.terminated;
  }

  append(body: RunEventBody, at: number): void {
    // Not a spread: with further properties behind it, that costs thirty times as much, for each chunk of a model's answer.
    this.kept.push(new SharedEvent(Object.assign({ runId: this.runId, seq: this.lastSeq + 1, at }, body)));
    this.terminated = isTerminal(body.type);
  }

  page(afterSeq: number, limit: number): RunEventPage {
    const { lastSeq, ended } = this;
    if (ended && afterSeq >= lastSeq) return { state: 'ended', events: [], lastSeq };
    if (afterSeq < this.beforeSeq) return { state: 'gone', events: [], lastSeq, snapshot: this.snapshotOfTrimmed() };
    if (afterSeq > lastSeq) return { state: 'gone', events: [], lastSeq, snapshot: this.snapshotOfAll() };
    const from = afterSeq - this.beforeSeq;
    const events = this.kept.slice(from, from + limit);
    return { state: ended && afterSeq + events.length === lastSeq ? 'ended' : 'open', events, lastSeq };
  }

  /** Keeps at most `maxEvents`. @returns how many went */
  trim(maxEvents: number): number {
    const excess = this.kept.length - maxEvents;
    if (excess <= 0) return 0;
    const trimmed = this.kept.splice(0, excess + Math.floor(maxEvents * TRIMMED_SHARE));
    this.beforeSeq += trimmed.length;
    this.beginning &&= foldSnapshot(eventsOf(trimmed), this.beginning);
    this.snapshotBeforeKept = undefined;
    return trimmed.length;
  }

  private snapshotOfTrimmed(): SharedEvent | undefined {
    const [oldest] = this.kept;
    if (!this.beginning || !oldest) return undefined;
    return (this.snapshotBeforeKept ??= this.snapshotEvent(this.beginning, this.beforeSeq, oldest.event.at));
  }

  /** For a cursor from a future that this log does not know, which happens when events were lost in a crash. */
  private snapshotOfAll(): SharedEvent | undefined {
    const newest = this.kept.at(-1);
    if (!this.beginning || !newest) return undefined;
    return this.snapshotEvent(foldSnapshot(eventsOf(this.kept), this.beginning), this.lastSeq, newest.event.at);
  }

  private snapshotEvent(data: RunSnapshot, seq: number, at: number): SharedEvent {
    return new SharedEvent({ type: 'run.snapshot', data, runId: this.runId, seq, at });
  }
}

function* eventsOf(shared: readonly SharedEvent[]): Iterable<RunEvent> {
  for (const { event } of shared) yield event;
}
