import type { StreamProtocol } from '../connection/stream-protocol.js';

/** The events as they are, for EventSource. */
export const NATIVE_PROTOCOL: StreamProtocol = {
  frames: (events) => events.map(({ event, json }) => ({ id: String(event.seq), type: event.type, data: json })),
  // Without data this is no event to an EventSource, but sets its reconnection time; the id is the one it has already.
  farewell: (lastSeq, retryMs) => [{ id: String(lastSeq), retry: retryMs }],
};
