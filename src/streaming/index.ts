export { StreamingModule } from './streaming.module.js';
export {
  isTerminal,
  type IterationUsage,
  type RunBilling,
  type RunError,
  type RunEvent,
  type RunEventBody,
  type RunEventData,
  type RunEventType,
  type RunPhase,
  type RunSnapshot,
  type RunUsage,
  type SnapshotToolCall,
} from './run-event.js';
export { EMPTY_SNAPSHOT, foldSnapshot } from './run-snapshot.js';
export { FencedOutError, type LoggedEvent, RUN_EVENT_LOG, type RunEventLog, type RunEventPage, type RunEventWriter } from './run-event-log.port.js';
export { RUN_DIRECTORY, type RunDirectory, type RunRecord } from './run-directory.port.js';
export type { RunTail, TailBatch } from './run-tail.js';
export { RunTails, type CursorPosition } from './run-tails.js';
export { OpenStreams } from './connection/open-streams.js';
export { RunStreams, type RunStreamRequest } from './connection/run-streams.js';
export { RunViewers } from './connection/run-viewers.js';
export { writeEventStream } from './connection/event-stream-response.js';
export type { StreamProtocol } from './connection/stream-protocol.js';
export { NothingMoreError } from './connection/nothing-more.error.js';
export { NothingMoreFilter } from './native/nothing-more.filter.js';
