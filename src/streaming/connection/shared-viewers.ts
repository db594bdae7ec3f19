/** Which runs are watched on other instances. */
export interface SharedViewers {
  /** Says that somebody watches the run here, until `leave`. */
  enter(runId: string): void;
  leave(runId: string): void;
  isWatchedElsewhere(runId: string): Promise<boolean>;
  close(): void;
}

/** For a single instance. */
export const NO_OTHER_VIEWERS: SharedViewers = {
  enter: () => undefined,
  leave: () => undefined,
  isWatchedElsewhere: () => Promise.resolve(false),
  close: () => undefined,
};
