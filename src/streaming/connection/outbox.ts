import type { LoggedEvent } from '../run-event-log.port.js';
import type { StreamConnection } from './stream-connection.js';

/** Handed over at once; more follows when the reader has taken it. */
const MAX_BYTES_AT_ONCE = 64 * 1024;

/** Events that wait until their reader has taken the ones before. They are shared by all readers, so waiting costs references only. */
export class Outbox {
  private readonly waiting: LoggedEvent[] = [];
  private bytes = 0;
  private isAwaitingDrain = false;
  private onEmptied: (() => void) | undefined;

  constructor(
    private readonly connection: StreamConnection,
    private readonly send: (events: readonly LoggedEvent[]) => void,
  ) {}

  /** Size of what has not been handed over yet. */
  get waitingBytes(): number {
    return this.bytes;
  }

  put(events: readonly LoggedEvent[]): void {
    const bytes = sizeOf(events);
    if (!this.isAwaitingDrain && !this.connection.isBackedUp && bytes <= MAX_BYTES_AT_ONCE) return this.handOver(events);
    this.waiting.push(...events);
    this.bytes += bytes;
    this.awaitDrain();
  }

  /** Resolves when the reader has taken everything; never, when it leaves before. */
  emptied(): Promise<void> {
    this.awaitDrain();
    return new Promise((resolve) => (this.onEmptied = resolve));
  }

  private awaitDrain(): void {
    if (this.isAwaitingDrain) return;
    this.isAwaitingDrain = true;
    this.connection.whenDrained(() => this.onDrained());
  }

  private onDrained(): void {
    this.isAwaitingDrain = false;
    if (this.waiting.length > 0) {
      this.handOver(this.takeSome());
      return this.awaitDrain();
    }
    this.onEmptied?.();
    this.onEmptied = undefined;
  }

  private handOver(events: readonly LoggedEvent[]): void {
    if (events.length > 1) this.connection.gatherWrites();
    this.send(events);
  }

  /** From the front, at least one event however big it is. */
  private takeSome(): readonly LoggedEvent[] {
    let bytes = 0;
    const last = this.waiting.findIndex((event) => (bytes += sizeOf([event])) >= MAX_BYTES_AT_ONCE);
    this.bytes -= bytes;
    return this.waiting.splice(0, last < 0 ? this.waiting.length : last + 1);
  }
}

function sizeOf(events: readonly LoggedEvent[]): number {
  let bytes = 0;
  for (const { json } of events) bytes += Buffer.byteLength(json);
  return bytes;
}
