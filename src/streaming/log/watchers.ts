/** Who wants to hear of which run. Everything announced in one turn of the event loop makes one call. */
export class Watchers {
  private readonly callbacks = new Map<string, Set<() => void>>();
  private readonly changed = new Set<string>();

  /** @param onChange must not throw, and must be a function of this watcher alone */
  add(runId: string, onChange: () => void): () => void {
    const callbacks = this.callbacks.get(runId) ?? new Set();
    this.callbacks.set(runId, callbacks.add(onChange));
    return () => {
      callbacks.delete(onChange);
      if (callbacks.size === 0 && this.callbacks.get(runId) === callbacks) this.callbacks.delete(runId);
    };
  }

  announce(runId: string): void {
    if (!this.callbacks.has(runId)) return;
    // Chunks that came in one read are appended in one turn, though in different microtasks.
    if (this.changed.size === 0) setImmediate(() => this.callAll());
    this.changed.add(runId);
  }

  private callAll(): void {
    const runIds = [...this.changed];
    this.changed.clear();
    for (const runId of runIds) {
      for (const callback of [...(this.callbacks.get(runId) ?? [])]) callback();
    }
  }
}
