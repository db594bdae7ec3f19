import type { Clock } from '../../src/common/index.js';

interface Timer {
  readonly at: number;
  readonly order: number;
  readonly callback: () => void;
}

/** A clock that only moves when told to. Timers fire in order of their time. */
export class FakeClock implements Clock {
  private elapsedMs = 0;
  private order = 0;
  private readonly timers = new Set<Timer>();

  constructor(private readonly startMs = Date.UTC(2026, 10, 22, 12)) {}

  now(): number {
    return this.startMs + this.elapsedMs;
  }

  monotonicMs(): number {
    return this.elapsedMs;
  }

  sleep(delayMs: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      const onAbort = (): void => {
        cancel();
        reject(signal?.reason);
      };
      const cancel = this.schedule(() => {
        signal?.removeEventListener('abort', onAbort);
        resolve();
      }, delayMs);
      signal?.addEventListener('abort', onAbort, { once: true });
    });
  }

  schedule(callback: () => void, delayMs: number): () => void {
    const timer: Timer = { at: this.elapsedMs + Math.max(0, delayMs), order: this.order++, callback };
    this.timers.add(timer);
    return () => this.timers.delete(timer);
  }

  /** How many timers wait; zero after everything has been cleaned up. */
  get pendingTimers(): number {
    return this.timers.size;
  }

  /** Moves time on, firing what falls due; promises settle between timers. */
  async advance(durationMs: number): Promise<void> {
    const target = this.elapsedMs + durationMs;
    for (;;) {
      await settle();
      const due = [...this.timers].filter((timer) => timer.at <= target).sort((a, b) => a.at - b.at || a.order - b.order)[0];
      if (!due) break;
      this.timers.delete(due);
      this.elapsedMs = Math.max(this.elapsedMs, due.at);
      due.callback();
    }
    this.elapsedMs = target;
    await settle();
  }
}

async function settle(): Promise<void> {
  for (let turn = 0; turn < 10; turn++) await new Promise((resolve) => setImmediate(resolve));
}
