import type { LoggedEvent } from '../../streaming/index.js';
import { condense } from './condense.js';
import { type Asking, projectEvent } from './ui-message-projector.js';
import { isEquallyFar, type UiMessageState } from './ui-message-state.js';
import type { UiMessageChunk } from './ui-message-chunk.js';

export interface Telling {
  readonly state: UiMessageState;
  /** JSON of the chunks. */
  readonly frames: readonly string[];
}

interface SharedTelling extends Telling {
  readonly from: UiMessageState;
  readonly count: number;
}

/**
 * Tells events to whoever watches: what was told to one who was equally far is not made and serialised again for the next.
 * Kept as long as the log keeps the events.
 */
export class SharedTellings {
  private readonly byFirstEvent = new WeakMap<LoggedEvent, SharedTelling>();

  tell(from: UiMessageState, events: readonly LoggedEvent[], asking: Asking): Telling {
    const [first] = events;
    if (!first) return { state: from, frames: [] };
    const shared = this.byFirstEvent.get(first);
    if (shared?.count === events.length && isEquallyFar(shared.from, from)) return shared;
    const telling = { ...tellAnew(from, events, asking), from, count: events.length };
    if (!events.some(isTheViewersOwn)) this.byFirstEvent.set(first, telling);
    return telling;
  }
}

function tellAnew(from: UiMessageState, events: readonly LoggedEvent[], asking: Asking): Telling {
  let state = from;
  const chunks: UiMessageChunk[] = [];
  for (const { event } of events) {
    const told = projectEvent(state, event, asking);
    state = told.state;
    chunks.push(...told.chunks);
  }
  return { state, frames: condense(chunks).map((chunk) => JSON.stringify(chunk)) };
}

/** What is told of questions depends on the answers that were known when the viewer came. */
function isTheViewersOwn({ event: { type } }: LoggedEvent): boolean {
  return type === 'tool.approval_requested' || type === 'run.snapshot';
}
