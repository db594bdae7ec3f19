import type { RunSnapshot } from './run-event.js';
import type { RunEventBody } from './run-event.js';

/**
 * What streaming needs to know of runs without knowing who keeps them. Chat implements it; an
 * application that imports only the streaming module provides its own.
 */
export interface RunDirectory {
  /** The owner of a run, or undefined when there is no such run. */
  findOwner(runId: string): Promise<string | undefined>;
  /** Whether its record says that the run has ended: when its instance was lost just then, the log does not. */
  hasEnded(runId: string): Promise<boolean>;
  /** The run as the database has it, for when its events are no longer kept; undefined when there is nothing to tell of it yet. */
  findRecord(runId: string): Promise<RunRecord | undefined>;
}

export interface RunRecord {
  readonly snapshot: RunSnapshot;
  /** Sequence number of the last event known to be in the snapshot. */
  readonly lastSeq: number;
  /** The terminal event, once the run has ended. Its sequence number is `lastSeq`. */
  readonly terminal?: RunEventBody;
  /** epoch ms of the last change */
  readonly at: number;
}

export const RUN_DIRECTORY = Symbol('RunDirectory');
