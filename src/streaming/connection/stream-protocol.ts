import type { MessageEvent } from '@nestjs/common';
import type { LoggedEvent } from '../run-event-log.port.js';

/** How a run looks on the wire. One instance per connection, because most protocols have a state. */
export interface StreamProtocol {
  /** Frames of consecutive events. */
  frames(events: readonly LoggedEvent[]): readonly MessageEvent[];
  /** Whether it has said its last word although the run goes on: the stream ends then, in good order. */
  readonly isOver?: boolean;
  /**
   * The last words on a connection that ends before its run does.
   * @param lastSeq sequence number of the last event in `frames`, or the cursor when there was none
   * @param retryMs when the client should come back
   */
  farewell(lastSeq: number, retryMs: number): readonly MessageEvent[];
}
