import { setImmediate as nextTurn } from 'node:timers/promises';
import { Logger, type MessageEvent } from '@nestjs/common';
import type { Subscriber, Unsubscribable } from 'rxjs';
import type { Clock } from '../../common/index.js';
import type { Limits } from '../../limits/index.js';
import type { Metrics } from '../../metrics/index.js';
import type { LoggedEvent } from '../run-event-log.port.js';
import type { RunTail, TailBatch } from '../run-tail.js';
import type { RunTails } from '../run-tails.js';
import { Outbox } from './outbox.js';
import { retryDelayMs } from './retry-delay.js';
import type { StreamConnection } from './stream-connection.js';
import type { StreamProtocol } from './stream-protocol.js';

/** How long a reader may take what was written before its stream was ended. */
const END_GRACE_MS = 5_000;

const logger = new Logger('RunStream');

export type EndReason = 'completed' | 'client_gone' | 'rotated' | 'slow_reader' | 'shutdown' | 'error';

/** What all streams of an instance share. */
export interface StreamServices {
  readonly tails: RunTails;
  readonly clock: Clock;
  readonly limits: Limits;
  readonly metrics: Metrics;
}

/**
 * One connection's view of a run, from the first byte to one of six ends. It never errors, because an error is no
 * frame of any protocol; and whatever happens to it, the run does not notice.
 */
export class RunStream implements Unsubscribable {
  private readonly tail: RunTail;
  private readonly outbox: Outbox;
  private readonly openedAtMs: number;
  private isReading = false;
  private hasChanged = true;
  private hasEnded = false;
  private seqAtTimer: number | undefined;
  private isEndRequested = false;
  private cancelTimer: (() => void) | undefined;

  /** @param lastSeq sequence number of the last event that the client has */
  constructor(
    private readonly runId: string,
    private lastSeq: number,
    private readonly connection: StreamConnection,
    private readonly protocol: StreamProtocol,
    private readonly services: StreamServices,
    private readonly subscriber: Subscriber<MessageEvent>,
  ) {
    this.openedAtMs = services.clock.monotonicMs();
    this.outbox = new Outbox(connection, (events) => this.send(events));
    this.tail = services.tails.open(runId, lastSeq, () => this.onChange());
  }

  start(): void {
    this.connection.keepAlive();
    this.subscriber.next({ comment: 'open' }); // the first byte at once: layers in between wait for one
    this.scheduleTimer();
    this.connection.attach(this);
    this.onChange();
  }

  /** The instance wants the connection back. What has happened by now is still delivered: it may be how the run ended. */
  requestEnd(): void {
    this.isEndRequested = true;
    this.onChange();
  }

  /** RxJS calls this when the client has gone, and also after any other end. */
  unsubscribe(): void {
    this.end('client_gone');
  }

  private onChange(): void {
    this.hasChanged = true;
    if (!this.isReading && !this.hasEnded) void this.deliver();
  }

  /** Delivers what there is. Never rejects. */
  private async deliver(): Promise<void> {
    this.isReading = true;
    try {
      while (this.hasChanged && !this.hasEnded && !this.protocol.isOver) {
        this.hasChanged = false; // before reading: what changes meanwhile is read in another round
        const batch = await this.tail.read();
        const pause = batch && !this.hasEnded && this.take(batch);
        if (pause) await pause;
      }
      if (this.tail.isOver || this.protocol.isOver) {
        await this.outbox.emptied();
        this.end('completed');
      } else if (this.isEndRequested) {
        await this.outbox.emptied();
        this.endEarly('shutdown');
      }
    } catch (error) {
      logger.error({ message: 'an event stream could not read its run', runId: this.runId, error });
      this.endEarly('error');
    } finally {
      this.isReading = false;
    }
  }

  /** @returns what to wait for before reading on */
  private take(batch: TailBatch): Promise<void> | undefined {
    this.outbox.put(batch.events);
    this.hasChanged ||= batch.hasMore;
    if (batch.isPast) return this.outbox.emptied(); // its reader sets the pace of a replay
    if (this.isTooSlow()) this.cutOff();
    return batch.hasMore ? nextTurn() : undefined; // a chance for the reader to read, and for everybody else
  }

  private send(events: readonly LoggedEvent[]): void {
    this.lastSeq = events.at(-1)?.event.seq ?? this.lastSeq;
    for (const frame of this.protocol.frames(events)) this.subscriber.next(frame);
    if (this.protocol.isOver) this.onChange(); // a slow reader takes its last event long after that was read
  }

  private isTooSlow(): boolean {
    return this.outbox.waitingBytes > this.services.limits.value('stream.maxPendingBytes') && this.connection.isBackedUp;
  }

  /** One timer for heartbeats and rotation: there are thousands of idle streams. */
  private scheduleTimer(): void {
    const { clock, limits } = this.services;
    const dueInMs = Math.min(limits.value('stream.heartbeatMs'), limits.value('stream.maxDurationMs') - this.ageMs);
    this.cancelTimer = clock.schedule(() => this.onTimer(), Math.max(0, dueInMs));
  }

  private onTimer(): void {
    if (this.ageMs >= this.services.limits.value('stream.maxDurationMs')) return this.endEarly('rotated');
    if (!this.connection.isBackedUp) this.subscriber.next({ comment: 'heartbeat' });
    if (this.lastSeq === this.seqAtTimer) this.lookForEnd();
    this.seqAtTimer = this.lastSeq;
    if (!this.hasEnded) this.scheduleTimer();
  }

  /** A run that has been silent for long may have ended unheard. */
  private lookForEnd(): void {
    this.tail.askAgain();
    this.onChange();
  }

  private get ageMs(): number {
    return this.services.clock.monotonicMs() - this.openedAtMs;
  }

  /** Without a goodbye, which would only wait behind the rest. The client can resume. */
  private cutOff(): void {
    this.end('slow_reader');
    this.connection.destroy();
  }

  private endEarly(reason: EndReason): void {
    if (this.hasEnded) return;
    for (const frame of this.protocol.farewell(this.lastSeq, retryDelayMs(this.services.limits.value('stream.maxRetryMs')))) this.subscriber.next(frame);
    this.end(reason);
  }

  private end(reason: EndReason): void {
    if (this.hasEnded) return;
    this.hasEnded = true;
    this.tail.stop();
    this.cancelTimer?.();
    this.services.metrics.increment('lomu_streams_closed_total', { reason });
    this.subscriber.complete();
    if (this.connection.isClosed) return;
    const cancelCut = this.services.clock.schedule(() => this.connection.destroy(), END_GRACE_MS);
    this.connection.onClose(cancelCut);
  }
}
