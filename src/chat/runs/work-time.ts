import type { Clock } from '../../common/index.js';
import { MAX_STORED_MS } from './run-row.js';

/** How long a run has been worked on by all who held it. Neither a wait for a person or a turn counts, nor the time lost with an instance. */
export class WorkTime {
  private readonly sinceMs: number;

  /** @param beforeMs by those who held it before us */
  constructor(
    private readonly clock: Clock,
    private readonly beforeMs: number,
  ) {
    this.sinceMs = clock.monotonicMs();
  }

  get totalMs(): number {
    return Math.min(this.beforeMs + Math.round(this.clock.monotonicMs() - this.sinceMs), MAX_STORED_MS);
  }
}
