import type { LoggedEvent, RunEventPage } from '../run-event-log.port.js';

export interface NumberedEvent extends LoggedEvent {
  readonly seq: number;
}

/** The newest events of a run that is watched here, so that many viewers of one instance cost one read. */
export class RunWindow {
  private events: NumberedEvent[] = [];
  private newestSeq: number | undefined;
  private hasEnded = false;

  /** Undefined until the end of the run's log has been found. */
  get lastSeq(): number | undefined {
    return this.newestSeq;
  }

  /** Starts behind an event; what came before is for others to tell. */
  reset(lastSeq: number | undefined): void {
    this.events = [];
    this.newestSeq = lastSeq;
    this.hasEnded = false;
  }

  /**
   * Takes events that follow one another, also when some are known already.
   * @returns whether anything was new
   */
  add(events: readonly NumberedEvent[], isEnd: boolean, maxEvents: number): boolean {
    const { newestSeq } = this;
    const first = events[0];
    const last = events.at(-1);
    if (newestSeq === undefined || !first || !last || last.seq <= newestSeq) return false;
    if (first.seq > newestSeq + 1) this.reset(last.seq); // those in between are not kept any more
    else this.events.push(...events.slice(newestSeq + 1 - first.seq));
    this.newestSeq = last.seq;
    this.hasEnded = isEnd;
    if (this.events.length > maxEvents) this.events.splice(0, this.events.length - Math.ceil(maxEvents / 2));
    return true;
  }

  /** @returns undefined when the answer is not known here */
  page(afterSeq: number, limit: number): RunEventPage | undefined {
    const lastSeq = this.newestSeq;
    if (lastSeq === undefined || afterSeq > lastSeq || afterSeq < lastSeq - this.events.length) return undefined;
    const from = this.events.length - (lastSeq - afterSeq);
    const events = this.events.slice(from, from + limit);
    return { state: this.hasEnded && afterSeq + events.length === lastSeq ? 'ended' : 'open', events, lastSeq };
  }
}
