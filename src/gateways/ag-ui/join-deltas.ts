import type { AgUiEvent, DeltaEvent } from './ag-ui-event.js';

/** Deltas that come together become one, so that a late joiner gets sentences and not thousands of words. */
export function joinDeltas(events: readonly AgUiEvent[]): AgUiEvent[] {
  const joined: AgUiEvent[] = [];
  let pieces: string[] = [];
  events.forEach((event, index) => {
    if (!isDelta(event)) return void joined.push(event);
    pieces.push(event.delta);
    if (isContinued(event, events[index + 1])) return;
    joined.push({ ...event, delta: pieces.join('') });
    pieces = [];
  });
  return joined;
}

function isContinued(delta: DeltaEvent, next: AgUiEvent | undefined): boolean {
  return next !== undefined && isDelta(next) && next.type === delta.type && next.messageId === delta.messageId;
}

function isDelta(event: AgUiEvent): event is DeltaEvent {
  return event.type === 'TEXT_MESSAGE_CONTENT' || event.type === 'REASONING_MESSAGE_CONTENT';
}
