import type { Clock } from '../common/index.js';
import type { Limits } from '../limits/index.js';

interface Entry<Value> {
  readonly value: Value;
  readonly storedAtMs: number;
}

/** Remembers at most `auth.cacheSize` values for `auth.cacheTtlMs` each; the least recently used goes first. */
export class ExpiringCache<Value> {
  private readonly entries = new Map<string, Entry<Value>>();

  constructor(
    private readonly limits: Limits,
    private readonly clock: Clock,
  ) {}

  get(key: string): Value | undefined {
    const entry = this.entries.get(key);
    if (!entry) return undefined;
    this.entries.delete(key);
    if (this.clock.monotonicMs() - entry.storedAtMs >= this.limits.value('auth.cacheTtlMs')) return undefined;
    this.entries.set(key, entry); // a Map keeps the order of insertion: the end is the most recent use
    return entry.value;
  }

  set(key: string, value: Value): void {
    this.entries.delete(key);
    this.entries.set(key, { value, storedAtMs: this.clock.monotonicMs() });
    const maxSize = this.limits.value('auth.cacheSize');
    for (const oldest of this.entries.keys()) {
      if (this.entries.size <= maxSize) break;
      this.entries.delete(oldest);
    }
  }

  delete(key: string): void {
    this.entries.delete(key);
  }
}
