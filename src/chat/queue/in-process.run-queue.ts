import type { Limits } from '../../limits/index.js';
import type { Metrics } from '../../metrics/index.js';
import { FairLine } from './fair-line.js';
import type { QueuedRun, QueuePlace, QueueState, RunQueue } from './run-queue.port.js';

/** Users in turn, and the runs of each first come, first served, within this process. The database has the same runs, so a restart loses none. */
export class InProcessRunQueue implements RunQueue {
  private handler?: (runId: string) => Promise<void>;
  private readonly waiting = new FairLine();
  private readonly working = new Map<string, Promise<void>>();
  private readonly places = new Set<QueuePlace>();
  private closed = false;

  constructor(
    private readonly limits: Limits,
    metrics: Metrics,
  ) {
    metrics.measure('lomu_runs_in_progress', () => this.working.size);
    metrics.measure('lomu_runs_queued', () => this.waiting.length);
  }

  start(handler: (runId: string) => Promise<void>): void {
    this.handler = handler;
    this.handOut();
  }

  async reserve(): Promise<QueuePlace | undefined> {
    if (this.waiting.length + this.places.size >= this.free + this.limits.value('chat.maxQueued')) return undefined;
    const place: QueuePlace = { release: async () => void this.places.delete(place) };
    this.places.add(place);
    return place;
  }

  async state(): Promise<QueueState> {
    const waiting = this.waiting.length;
    return { waiting, isBusy: waiting > 0 || this.free === 0 };
  }

  async enqueue(runs: readonly QueuedRun[]): Promise<void> {
    for (const run of runs) this.waiting.add(run);
    this.handOut();
  }

  async close(): Promise<void> {
    this.closed = true;
    await Promise.all(this.working.values());
  }

  /** How many more runs may be worked on. */
  private get free(): number {
    return Math.max(0, this.limits.value('chat.maxConcurrentRunsPerInstance') - this.working.size);
  }

  private handOut(): void {
    while (this.handler && !this.closed && this.free > 0) {
      // One at work that was enqueued again, because its turn may have come, gets another turn after this one.
      const runId = this.waiting.take((waiting) => !this.working.has(waiting));
      if (runId === undefined) return;
      const work = this.handler(runId).finally(() => {
        this.working.delete(runId);
        this.handOut();
      });
      this.working.set(runId, work);
    }
  }
}
