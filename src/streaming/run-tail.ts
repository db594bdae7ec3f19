import type { EndInquiries } from './end-inquiries.js';
import type { LoggedEvent, RunEventLog, RunEventPage } from './run-event-log.port.js';
import type { RunDirectory, RunRecord } from './run-directory.port.js';
import type { RunEventBody } from './run-event.js';
import { SharedEvent } from './log/shared-event.js';

const EVENTS_PER_BATCH = 256;

/** Consecutive events; a `run.snapshot` stands in for those that are no longer kept. Never empty. */
export interface TailBatch {
  readonly events: readonly LoggedEvent[];
  /** Whether all this had happened before the tail was opened: a reader may take its time for that. */
  readonly isPast: boolean;
  /** Whether there is more to read at once. */
  readonly hasMore: boolean;
}

/**
 * A run from a cursor to its terminal event, without gap or repeat (I2). The reader asks for each batch when
 * it is ready for it, so a slow reader costs no memory, and an idle one only this object.
 */
export class RunTail {
  private joinSeq: number | undefined;
  private hasEnded = false;
  private hasAskedRecord = false;
  private hasDelivered = false;
  private readonly unwatch: () => void;

  /** @param onChange called whenever there may be something new to read */
  constructor(
    private readonly log: RunEventLog,
    private readonly directory: RunDirectory,
    private readonly ends: EndInquiries,
    private readonly runId: string,
    private cursor: number,
    onChange: () => void,
  ) {
    this.unwatch = log.watch(runId, onChange);
  }

  /** Whether the terminal event has been read: nothing will follow. */
  get isOver(): boolean {
    return this.hasEnded;
  }

  /** The next events that have happened; undefined when there are none yet, or none any more. One call at a time. */
  async read(): Promise<TailBatch | undefined> {
    let page = await this.log.read(this.runId, this.cursor, EVENTS_PER_BATCH);
    const joinSeq = (this.joinSeq ??= page.lastSeq);
    const isPast = this.cursor < joinSeq;
    let isGone = page.state === 'gone';
    if (await this.isWithoutEnd(page)) {
      page = await this.log.read(this.runId, this.cursor, EVENTS_PER_BATCH); // it may have ended, and said so, since it was read
      isGone = page.events.length === 0;
    }
    this.hasEnded ||= page.state === 'ended';
    const events = isGone ? await this.replaceGone(page) : page.events;
    const last = events.at(-1);
    if (!last) return undefined;
    this.cursor = last.event.seq;
    this.hasDelivered = true;
    return { events, isPast, hasMore: !this.hasEnded && this.cursor < page.lastSeq };
  }

  /**
   * Has the next `read` ask the run's record again whether it has ended: whoever ended it may have been lost before it could say so,
   * and nobody would ever write the event that a reader at the end of the log waits for.
   */
  askAgain(): void {
    this.hasAskedRecord = false;
  }

  /** Has no effect on the run. */
  stop(): void {
    this.unwatch();
  }

  /** Asked once, and again when told to, by a reader that has come to the end of an open log. */
  private async isWithoutEnd({ state, events }: RunEventPage): Promise<boolean> {
    if (state !== 'open' || events.length > 0 || this.hasAskedRecord) return false;
    this.hasAskedRecord = true;
    return this.ends.hasEnded(this.runId);
  }

  private async replaceGone(page: RunEventPage): Promise<readonly LoggedEvent[]> {
    if (page.snapshot) return [page.snapshot];
    const record = await this.directory.findRecord(this.runId);
    this.hasEnded ||= !record && this.hasDelivered; // the run was deleted meanwhile: nobody will ever say how it ended
    if (!record) return [];
    return record.terminal ? this.lastWords(record, record.terminal) : this.soFar(record);
  }

  /** Without its log, an ended run is told by its record. The snapshot stops short of the terminal event, so that a client cut off between the two still gets that. */
  private lastWords(record: RunRecord, terminal: RunEventBody): LoggedEvent[] {
    this.hasEnded = true;
    const { lastSeq, at } = record;
    if (this.cursor >= lastSeq) return [];
    const end = new SharedEvent({ ...terminal, runId: this.runId, seq: lastSeq, at });
    return this.cursor === lastSeq - 1 ? [end] : [this.snapshotOf(record, lastSeq - 1), end];
  }

  /**
   * A cursor that stands where the record stands, or beyond, lacks nothing: events are not recorded one by one, so a reader may
   * have seen more than the record of a run whose instance was lost. What follows is numbered beyond both.
   */
  private soFar(record: RunRecord): LoggedEvent[] {
    return this.cursor >= record.lastSeq ? [] : [this.snapshotOf(record, record.lastSeq)];
  }

  private snapshotOf(record: RunRecord, seq: number): LoggedEvent {
    return new SharedEvent({ type: 'run.snapshot', data: record.snapshot, runId: this.runId, seq, at: record.at });
  }
}
