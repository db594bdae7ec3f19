import { AppError } from '../common/index.js';

const RETRY_AFTER_MS = 1_000;

/**
 * Runs changes one at a time. They would queue for the same row anyway; queueing here keeps a burst of
 * them from occupying every connection of the pool.
 */
export class ChangeQueue {
  private pending = 0;
  private last: Promise<unknown> = Promise.resolve();

  constructor(private readonly maxPending: () => number) {}

  /** @throws AppError `limit_exceeded` when too many wait already */
  async run<Result>(change: () => Promise<Result>): Promise<Result> {
    if (this.pending >= this.maxPending()) {
      throw new AppError('limit_exceeded', 'Too many changes of limits are waiting. Try again shortly.', { retryAfterMs: RETRY_AFTER_MS });
    }
    this.pending++;
    const result = this.last.then(change);
    this.last = result.catch(() => undefined); // its caller hears of the failure; the next one only waits for the end
    try {
      return await result;
    } finally {
      this.pending--;
    }
  }
}
