import type { Clock } from '../../common/index.js';
import { isDatabaseUnreachable } from '../../database/index.js';

export interface Patience {
  readonly firstDelayMs: number;
  readonly maxDelayMs: number;
  /** Over all pauses together. */
  readonly maxWaitMs: number;
}

/**
 * Writes what has to get through, e.g. the end of a run, also when the database is away for a while.
 * @param write may have been done although its answer was lost, and must bear being done again
 */
export async function writePatiently<Result>(clock: Clock, { firstDelayMs, maxDelayMs, maxWaitMs }: Patience, write: () => Promise<Result>): Promise<Result> {
  let waitedMs = 0;
  for (let delayMs = firstDelayMs; ; delayMs = Math.min(maxDelayMs, 2 * delayMs)) {
    try {
      return await write();
    } catch (error) {
      if (!isDatabaseUnreachable(error) || waitedMs + delayMs > maxWaitMs) throw error;
      await clock.sleep(delayMs);
      waitedMs += delayMs;
    }
  }
}
