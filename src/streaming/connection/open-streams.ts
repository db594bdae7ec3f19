import type { ServerResponse } from 'node:http';
import { Inject, Injectable, type OnModuleDestroy } from '@nestjs/common';
import { AppError, CLOCK, type Clock } from '../../common/index.js';
import { type LimitKey, type Limits, LIMITS_READER } from '../../limits/index.js';
import { Metrics } from '../../metrics/index.js';
import { StreamConnection } from './stream-connection.js';

const RETRY_AFTER_MS = 5_000;
/** How long clients may take what was already written to them, before a drain cuts them off. */
const DRAIN_GRACE_MS = 2_000;

/** Every event stream of this instance, from its admission until its response has closed. */
@Injectable()
export class OpenStreams implements OnModuleDestroy {
  private readonly connections = new Set<StreamConnection>();
  private readonly countByUser = new Map<string, number>();
  private isDraining = false;
  private onLastClosed: (() => void) | undefined;

  constructor(
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(LIMITS_READER) private readonly limits: Limits,
    private readonly metrics: Metrics,
  ) {}

  get count(): number {
    return this.connections.size;
  }

  /**
   * Takes one of the user's and one of the instance's places, until the response closes.
   * @throws AppError `limit_exceeded` beyond `stream.maxPerUser`, `streams_full` beyond `stream.maxPerInstance`
   */
  admit(userId: string, response: ServerResponse): StreamConnection {
    this.refuseBeyondLimits(userId);
    const connection = new StreamConnection(response);
    if (connection.isClosed) return connection; // the client has left already: nothing would give its place back
    connection.onClose(() => this.leave(userId, connection));
    this.connections.add(connection);
    this.countByUser.set(userId, this.countOf(userId) + 1);
    this.metrics.set('lomu_streams_active', {}, this.count);
    if (this.isDraining) connection.requestEnd();
    return connection;
  }

  /** Ends every stream so that its client reconnects, elsewhere; also those that still come. Resolves when none is open. */
  async drain(): Promise<void> {
    this.isDraining = true;
    if (this.count === 0) return;
    const cancelCut = this.clock.schedule(() => this.connections.forEach((connection) => connection.destroy()), DRAIN_GRACE_MS);
    await new Promise<void>((resolve) => {
      this.onLastClosed = resolve;
      for (const connection of this.connections) connection.requestEnd();
    });
    cancelCut();
  }

  /** The HTTP server would wait for open streams before it closes. */
  onModuleDestroy(): Promise<void> {
    return this.drain();
  }

  private refuseBeyondLimits(userId: string): void {
    const maxPerUser = this.limits.value('stream.maxPerUser');
    if (this.countOf(userId) >= maxPerUser) {
      this.countRefusal('stream.maxPerUser');
      throw new AppError('limit_exceeded', `You have ${maxPerUser} event streams open, which is the most one user may have. Close one first.`, {
        retryAfterMs: RETRY_AFTER_MS,
        extensions: { limit: 'stream.maxPerUser', value: maxPerUser },
      });
    }
    if (this.count < this.limits.value('stream.maxPerInstance')) return;
    this.countRefusal('stream.maxPerInstance');
    throw new AppError('streams_full', 'This server has no room for another event stream. The run is not affected; try again shortly.', { retryAfterMs: RETRY_AFTER_MS });
  }

  private countRefusal(limit: LimitKey): void {
    this.metrics.increment('lomu_limit_refusals_total', { limit });
  }

  private leave(userId: string, connection: StreamConnection): void {
    this.connections.delete(connection);
    const remaining = this.countOf(userId) - 1;
    if (remaining === 0) this.countByUser.delete(userId);
    else this.countByUser.set(userId, remaining);
    this.metrics.set('lomu_streams_active', {}, this.count);
    if (this.count === 0) this.onLastClosed?.();
  }

  private countOf(userId: string): number {
    return this.countByUser.get(userId) ?? 0;
  }
}
