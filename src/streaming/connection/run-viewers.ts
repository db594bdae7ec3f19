import type { BeforeApplicationShutdown } from '@nestjs/common';
import { NO_OTHER_VIEWERS, type SharedViewers } from './shared-viewers.js';

/** Which runs are being watched, for those whose client wants them stopped when it leaves. */
export class RunViewers implements BeforeApplicationShutdown {
  private readonly countByRun = new Map<string, number>();
  private readonly listeners = new Map<string, () => void>();

  constructor(private readonly elsewhere: SharedViewers = NO_OTHER_VIEWERS) {}

  /** On this instance. */
  count(runId: string): number {
    return this.countByRun.get(runId) ?? 0;
  }

  isWatchedElsewhere(runId: string): Promise<boolean> {
    return this.elsewhere.isWatchedElsewhere(runId);
  }

  beforeApplicationShutdown(): void {
    this.elsewhere.close();
  }

  /** Counts a viewer in; the returned function counts it out, once. */
  enter(runId: string): () => void {
    let isHere = true;
    this.change(runId, 1);
    return () => {
      if (isHere) this.change(runId, -1);
      isHere = false;
    };
  }

  /** Calls back when the first viewer comes or the last one leaves. One listener per run; the returned function ends it. */
  listen(runId: string, onChange: () => void): () => void {
    this.listeners.set(runId, onChange);
    return () => {
      if (this.listeners.get(runId) === onChange) this.listeners.delete(runId);
    };
  }

  private change(runId: string, by: 1 | -1): void {
    const before = this.count(runId);
    const after = before + by;
    if (after === 0) this.countByRun.delete(runId);
    else this.countByRun.set(runId, after);
    if (before === 0) this.elsewhere.enter(runId);
    if (after === 0) this.elsewhere.leave(runId);
    if (before === 0 || after === 0) this.listeners.get(runId)?.();
  }
}
