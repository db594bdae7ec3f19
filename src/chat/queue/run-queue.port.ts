export interface QueuedRun {
  readonly runId: string;
  readonly userId: string;
}

export interface QueueState {
  /** How many wait, on all instances together. */
  readonly waiting: number;
  /** Whether a run that is enqueued now may have to wait for others. */
  readonly isBusy: boolean;
}

/** Kept for a run while it is being admitted. */
export interface QueuePlace {
  /** Once the run is enqueued, or refused. Never rejects. */
  release(): Promise<void>;
}

/** Hands admitted runs to an executor, each to one, users in turn. Every adapter passes test/conformance/run-queue.conformance.ts. */
export interface RunQueue {
  /** Begins to hand out runs. The handler never rejects. */
  start(handler: (runId: string) => Promise<void>): void;
  /**
   * So that of many runs that come at once, no more are admitted than there is room for: at work here, and waiting up to `chat.maxQueued`.
   * Never rejects.
   * @returns undefined when there is no room
   */
  reserve(): Promise<QueuePlace | undefined>;
  /** Never rejects. */
  state(): Promise<QueueState>;
  /**
   * Takes runs that are already in the database. One that waits already is not taken twice; one at work gets another turn afterwards.
   * Never rejects: what cannot be taken now is found in the database by the next refill.
   */
  enqueue(runs: readonly QueuedRun[]): Promise<void>;
  /** Hands out nothing more, and resolves when the handlers under way have ended. */
  close(): Promise<void>;
}

export const RUN_QUEUE = Symbol('RunQueue');
