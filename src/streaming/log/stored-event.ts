import type { LoggedEvent } from '../run-event-log.port.js';
import type { RunEvent, RunEventBody, RunEventType } from '../run-event.js';

/** An event as another instance serialised it: its text goes to clients as it is, and is parsed only for those who ask what it says. */
export class StoredEvent implements LoggedEvent {
  private parsed?: RunEvent;

  constructor(
    readonly seq: number,
    readonly type: RunEventType,
    readonly json: string,
  ) {}

  get event(): RunEvent {
    return (this.parsed ??= parse(this.type, this.json));
  }
}

function parse(type: RunEventType, json: string): RunEvent {
  const { runId, seq, at, ...data } = JSON.parse(json) as { runId: string; seq: number; at: string };
  return Object.assign({ runId, seq, at: Date.parse(at) }, { type, data } as unknown as RunEventBody);
}

/** An entry of a Redis stream: its id `<seq>-0`, and its fields and values in turn. */
export type StreamEntry = readonly [id: string, fields: readonly string[]];

export function toStoredEvent([id, [, type, , json]]: StreamEntry): StoredEvent {
  return new StoredEvent(seqOf(id), type as RunEventType, json ?? '');
}

export function seqOf(id: string): number {
  return Number.parseInt(id, 10);
}
