import { setTimeout as sleep } from 'node:timers/promises';
import type { Clock } from './clock.js';

export class SystemClock implements Clock {
  now(): number {
    return Date.now();
  }

  monotonicMs(): number {
    return performance.now();
  }

  async sleep(delayMs: number, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    await sleep(delayMs, undefined, { signal }).catch((error: unknown) => {
      // Node reports its own AbortError; callers want to know why they were stopped.
      throw signal?.aborted ? signal.reason : error;
    });
  }

  schedule(callback: () => void, delayMs: number): () => void {
    const timer = setTimeout(callback, delayMs);
    timer.unref();
    return () => clearTimeout(timer);
  }
}
