import type { Clock } from '../../common/index.js';

export type SilencePhase = 'first_byte' | 'idle';

/**
 * Calls back when nothing was heard for too long: first until the first byte, then between bytes.
 * Hearing something costs one clock reading; the timer looks at it only when it fires.
 */
export class SilenceWatchdog {
  private lastHeardMs: number | undefined;
  private cancelTimer: () => void;

  constructor(
    private readonly clock: Clock,
    firstByteTimeoutMs: number,
    private readonly idleTimeoutMs: number,
    private readonly onSilence: (phase: SilencePhase) => void,
  ) {
    this.cancelTimer = clock.schedule(() => onSilence('first_byte'), firstByteTimeoutMs);
  }

  heard(): void {
    const isFirst = this.lastHeardMs === undefined;
    this.lastHeardMs = this.clock.monotonicMs();
    if (!isFirst) return;
    this.cancelTimer();
    this.watch(this.idleTimeoutMs);
  }

  stop(): void {
    this.cancelTimer();
  }

  private watch(delayMs: number): void {
    this.cancelTimer = this.clock.schedule(() => {
      const silentMs = this.clock.monotonicMs() - (this.lastHeardMs ?? 0);
      // Timers may fire a fraction of a millisecond early.
      if (silentMs + 1 >= this.idleTimeoutMs) this.onSilence('idle');
      else this.watch(this.idleTimeoutMs - silentMs);
    }, delayMs);
  }
}
