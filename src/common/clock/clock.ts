/** All time in Lomu comes from this port, so that tests can hold it still. */
export interface Clock {
  /** Wall time in epoch milliseconds: for timestamps that people and other machines read. */
  now(): number;
  /** Monotonic milliseconds from an arbitrary origin: for durations, immune to clock jumps. */
  monotonicMs(): number;
  /** Resolves after `delayMs`, or rejects with the signal's reason as soon as it aborts. */
  sleep(delayMs: number, signal?: AbortSignal): Promise<void>;
  /** Calls back once after `delayMs`; the returned function cancels. Does not keep the process alive. */
  schedule(callback: () => void, delayMs: number): () => void;
}

export const CLOCK = Symbol('Clock');
