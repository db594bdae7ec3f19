import type { MessageEvent } from '@nestjs/common';
import type { LoggedEvent } from '../../streaming/index.js';
import type { AgUiEvent } from './ag-ui-event.js';

interface Serialised {
  readonly events: readonly AgUiEvent[];
  readonly frames: readonly MessageEvent[];
}

/**
 * Serialises what comes of an event once for all who watch: they get the same events together, and what they are shown
 * differs only for those that joined late or had something of their own to put right. Kept as long as the log keeps the event.
 */
export class SharedFrames {
  private readonly byEvent = new WeakMap<LoggedEvent, Serialised>();

  /** @param cause the first of the events that these come of */
  of(cause: LoggedEvent, events: readonly AgUiEvent[]): readonly MessageEvent[] {
    const known = this.byEvent.get(cause);
    if (known && isSame(known.events, events)) return known.frames;
    const frames = toFrames(events);
    this.byEvent.set(cause, { events, frames });
    return frames;
  }
}

export function toFrames(events: readonly AgUiEvent[]): MessageEvent[] {
  return events.map((event) => ({ data: JSON.stringify(event) }));
}

function isSame(some: readonly AgUiEvent[], others: readonly AgUiEvent[]): boolean {
  return some.length === others.length && some.every((event, index) => isEqual(event, others[index]));
}

/** Cheaper than serialising: what is large of an event is text, and data of the log is the same object for all. */
function isEqual(one: unknown, other: unknown): boolean {
  if (one === other) return true;
  if (typeof one !== 'object' || typeof other !== 'object' || one === null || other === null) return false;
  const keys = Object.keys(one);
  return keys.length === Object.keys(other).length && keys.every((key) => isEqual(one[key as never], other[key as never]));
}
