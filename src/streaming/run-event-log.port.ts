import type { RunEvent, RunEventBody } from './run-event.js';

/**
 * The one record of what happened in a run, in order. Writers are fenced (I7), readers never see a gap
 * (I2), and nothing follows a terminal event (I1). Every adapter passes test/conformance/run-event-log.conformance.ts.
 */
export interface RunEventLog {
  /**
   * Opens the log for writing and shuts out every writer with a lower token.
   * @param afterSeq the last sequence number known to be durable, from which to go on after a crash; 0 for a new run
   * @throws FencedOutError when a writer with a higher token has been here
   */
  openWriter(runId: string, fencingToken: number, afterSeq: number): Promise<RunEventWriter>;

  /**
   * Events after `afterSeq`, at most `limit`, without waiting.
   * @throws AppError `event_log_unavailable` while what keeps them is away
   */
  read(runId: string, afterSeq: number, limit: number): Promise<RunEventPage>;

  /** Calls back whenever there may be something new to read, at most once per turn of the event loop; the returned function ends it. `onChange` must not throw, and must be a function of this watcher alone. */
  watch(runId: string, onChange: () => void): () => void;

  /** Forgets a run's events. */
  drop(runId: string): Promise<void>;

  /** Runs whose events this instance has in its own memory; none where a server keeps them, which lets them expire. */
  keptHere(): string[];
}

export interface RunEventWriter {
  readonly lastSeq: number;
  /** Numbers and appends an event at once, in memory; `flush` makes sure it is kept. Does nothing after a terminal event or a lost fence. */
  append(body: RunEventBody): void;
  /**
   * Resolves when everything appended so far is kept; or after `stream.flushTimeoutMs`, when what keeps it is away: the
   * run goes on then, since its rows are the truth of it, and the events follow.
   * @throws FencedOutError when another writer has taken over
   */
  flush(): Promise<void>;
}

/**
 * - `open`: more may come
 * - `ended`: the terminal event is at or before the end of this page or of the cursor
 * - `gone`: the cursor is older than what is kept or newer than what there is, or nothing is kept: use a snapshot
 */
export interface RunEventPage {
  readonly state: 'open' | 'ended' | 'gone';
  readonly events: readonly LoggedEvent[];
  /** The newest sequence number in the log; 0 when nothing is kept. */
  readonly lastSeq: number;
  /**
   * With `gone`, when the log itself can stand in for what is missing: a `run.snapshot` to read on from, at its own `seq`.
   * Without it, the run directory has to.
   */
  readonly snapshot?: LoggedEvent;
}

/** An event with its JSON, serialised once for all readers. */
export interface LoggedEvent {
  readonly event: RunEvent;
  /** `JSON.stringify` of the data with `runId`, `seq` and `at` (ISO 8601). */
  readonly json: string;
}

export const RUN_EVENT_LOG = Symbol('RunEventLog');

/** A writer with a higher fencing token has taken the run over: stop working on it and write nothing more. */
export class FencedOutError extends Error {
  constructor(runId: string) {
    super(`Another instance has taken over run ${runId}.`);
    this.name = 'FencedOutError';
  }
}
