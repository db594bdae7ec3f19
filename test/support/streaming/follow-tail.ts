import type { RunTails, TailBatch } from '../../../src/streaming/index.js';

export interface FollowedTail {
  /** The next events, as soon as there are any; undefined after the terminal one, or after `stop`. */
  next(): Promise<TailBatch | undefined>;
  stop(): void;
}

/** Reads a tail the way a stream does: until there is nothing, and then again when told of a change. */
export function follow(tails: RunTails, runId: string, afterSeq: number): FollowedTail {
  let hasChanged = true;
  let isStopped = false;
  let wake = (): void => undefined;
  const tail = tails.open(runId, afterSeq, () => {
    hasChanged = true;
    wake();
  });
  return {
    async next() {
      while (!isStopped && !tail.isOver) {
        if (!hasChanged) await new Promise<void>((resolve) => (wake = resolve));
        hasChanged = false;
        const batch = isStopped ? undefined : await tail.read();
        hasChanged ||= batch?.hasMore ?? false;
        if (batch) return batch;
      }
      tail.stop();
      return undefined;
    },
    stop() {
      isStopped = true;
      tail.stop();
      wake();
    },
  };
}
