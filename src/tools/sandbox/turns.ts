/** Lets a bounded number at a time, and others wait for their turn in the order in which they came. */
export class Turns {
  private readonly waiting = new Set<() => void>();
  private busy = 0;

  constructor(
    private readonly concurrency: () => number,
    private readonly maxWaiting: () => number,
  ) {}

  /** @returns false when too many are waiting already. @throws the signal's reason when it aborts while waiting */
  async take(signal: AbortSignal): Promise<boolean> {
    signal.throwIfAborted();
    if (this.busy < this.concurrency()) {
      this.busy++;
      return true;
    }
    if (this.waiting.size >= this.maxWaiting()) return false;
    await new Promise<void>((resolve, reject) => {
      const start = (): void => {
        signal.removeEventListener('abort', giveUp);
        resolve();
      };
      const giveUp = (): void => {
        this.waiting.delete(start);
        reject(signal.reason);
      };
      this.waiting.add(start);
      signal.addEventListener('abort', giveUp, { once: true });
    });
    return true;
  }

  /** Hands the turn on to whoever waits longest. */
  pass(): void {
    const [next] = this.waiting;
    if (!next || this.busy > this.concurrency()) {
      this.busy--;
      return;
    }
    this.waiting.delete(next);
    next();
  }
}
