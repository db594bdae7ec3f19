import type { QueuedRun } from './run-queue.port.js';

/** Waiting runs: those of one user in the order of arrival, and the users in turn, so that a user with many keeps no other from their first. */
export class FairLine {
  /** By user, the one whose turn it is first. */
  private readonly lines = new Map<string, Set<string>>();
  private count = 0;

  get length(): number {
    return this.count;
  }

  /** A run that waits already keeps its place. */
  add({ runId, userId }: QueuedRun): void {
    const line = this.lines.get(userId) ?? new Set();
    this.lines.set(userId, line);
    if (line.has(runId)) return;
    line.add(runId);
    this.count++;
  }

  /** Takes the next run that may go, and lets its user stand behind the others. */
  take(mayGo: (runId: string) => boolean): string | undefined {
    for (const [userId, line] of this.lines) {
      for (const runId of line) {
        if (!mayGo(runId)) continue;
        line.delete(runId);
        this.count--;
        this.lines.delete(userId);
        if (line.size > 0) this.lines.set(userId, line);
        return runId;
      }
    }
    return undefined;
  }
}
