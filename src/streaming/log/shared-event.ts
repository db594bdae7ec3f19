import type { LoggedEvent } from '../run-event-log.port.js';
import type { RunEvent } from '../run-event.js';

/** Serialised when first read and then remembered: one `JSON.stringify` however many watch, none if nobody does. */
export class SharedEvent implements LoggedEvent {
  private serialised?: string;

  constructor(readonly event: RunEvent) {}

  get seq(): number {
    return this.event.seq;
  }

  get json(): string {
    return (this.serialised ??= serialise(this.event));
  }
}

function serialise({ runId, seq, at, data }: RunEvent): string {
  return JSON.stringify({ runId, seq, at: new Date(at).toISOString(), ...data });
}
