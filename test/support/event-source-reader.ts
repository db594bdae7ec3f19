import { EventSource } from 'eventsource';

export interface ReceivedEvent {
  readonly id: string;
  readonly type: string;
  // oxlint-disable-next-line typescript/no-explicit-any -- each type has data of its own
  readonly data: any;
}

const EVENT_TYPES = [
  'run.queued', 'run.started', 'run.phase', 'iteration.started', 'iteration.completed', 'text.delta', 'text.discarded', 'reasoning.delta',
  'tool.called', 'tool.approval_requested', 'tool.progress', 'tool.succeeded', 'tool.failed', 'failure.detected', 'recovery.applied',
  'limit.reached', 'usage.recorded', 'run.snapshot', 'run.completed', 'run.failed', 'run.cancelled',
];
const TERMINAL_TYPES = new Set(['run.completed', 'run.failed', 'run.cancelled']);

/** A client that nobody closes would go on reconnecting to a server that is gone, also while other suites run. */
const open = new Set<EventSource>();
const closeAll = (): void => open.forEach((source) => source.close());
if (typeof afterAll === 'function') afterAll(closeAll); // not in the process that chaos/database kills

/** Reads a run's events with a real EventSource client, which reconnects by itself as browsers do. */
export class EventSourceReader {
  readonly received: ReceivedEvent[] = [];
  /** Why connections ended that were not ended by the server in good order. It has reconnected since. */
  readonly breaks: string[] = [];
  private readonly source: EventSource;
  private readonly waiters = new Set<() => void>();
  private failure?: Error;

  /** @param connect in place of fetch, e.g. to find another instance when one is gone */
  constructor(url: string, headers: Record<string, string> = {}, connect: typeof fetch = fetch) {
    this.source = new EventSource(url, { fetch: (input, init) => connect(input, { ...init, headers: { ...init.headers, ...headers } }) });
    open.add(this.source);
    for (const type of EVENT_TYPES) {
      this.source.addEventListener(type, (message) => this.receive({ id: message.lastEventId, type, data: JSON.parse(message.data as string) }));
    }
    this.source.addEventListener('error', (error) => {
      if (error.message) this.breaks.push(error.message);
      if (this.source.readyState === this.source.CLOSED) this.fail(new Error(`The event stream was refused: ${error.code ?? ''} ${error.message ?? ''}`));
    });
  }

  /** Resolves with the first event that matches, past or future. */
  async next(matches: (event: ReceivedEvent) => boolean, timeoutMs = 15_000): Promise<ReceivedEvent> {
    const deadline = Date.now() + timeoutMs;
    for (;;) {
      const found = this.received.find(matches);
      if (found) return found;
      if (this.failure) throw this.failure;
      if (Date.now() > deadline) throw new Error(`No such event within ${timeoutMs} ms; received: ${this.received.map((event) => event.type).join(', ')}`);
      await this.change(deadline - Date.now());
    }
  }

  /** All events up to the terminal one; the connection is closed then. */
  async toTerminal(timeoutMs = 15_000): Promise<ReceivedEvent[]> {
    try {
      await this.next((event) => TERMINAL_TYPES.has(event.type), timeoutMs);
      return [...this.received];
    } finally {
      this.close();
    }
  }

  /** Whoever still waits for an event is told that none will come. */
  close(): void {
    this.source.close();
    this.fail(new Error(`The event stream was closed; received: ${this.received.map((event) => event.type).join(', ')}`));
  }

  private receive(event: ReceivedEvent): void {
    this.received.push(event);
    if (TERMINAL_TYPES.has(event.type)) this.source.close();
    this.wake();
  }

  private fail(error: Error): void {
    this.failure = error;
    this.wake();
  }

  private change(timeoutMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(done, timeoutMs);
      const { waiters } = this;
      waiters.add(done);
      function done(): void {
        clearTimeout(timer);
        waiters.delete(done);
        resolve();
      }
    });
  }

  private wake(): void {
    for (const waiter of [...this.waiters]) waiter();
  }
}

/** The answer as a client that follows the deltas shows it. */
export function shownText(events: readonly ReceivedEvent[]): string {
  return events.reduce((text, event) => (event.type === 'text.delta' ? text + event.data.text : event.type === 'text.discarded' ? '' : text), '');
}
