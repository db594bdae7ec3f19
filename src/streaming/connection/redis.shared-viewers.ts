import { randomUUID } from 'node:crypto';
import { Logger } from '@nestjs/common';
import type { Clock } from '../../common/index.js';
import type { Limits } from '../../limits/index.js';
import type { RedisServer } from '../../redis/index.js';
import type { SharedViewers } from './shared-viewers.js';

/** An entry lives for so many graces and is renewed in each half of one, so that only those of lost instances run out. */
const GRACES_PER_ENTRY = 2;

const logger = new Logger('SharedViewers');

/** Per run a sorted set of the instances on which it is watched, each with the time at which its word expires. */
export class RedisSharedViewers implements SharedViewers {
  private readonly instanceId = randomUUID();
  private readonly watched = new Set<string>();
  private cancelRenewal: (() => void) | undefined;

  constructor(
    private readonly redis: RedisServer,
    private readonly clock: Clock,
    private readonly limits: Limits,
  ) {}

  enter(runId: string): void {
    this.watched.add(runId);
    this.say([runId]);
    this.scheduleRenewal();
  }

  leave(runId: string): void {
    this.watched.delete(runId);
    this.redis.commands.zrem(this.keyOf(runId), this.instanceId).catch(() => undefined); // it expires
  }

  async isWatchedElsewhere(runId: string): Promise<boolean> {
    const instances = await this.redis.commands.zrange(this.keyOf(runId), this.clock.now(), '+inf', 'BYSCORE');
    return instances.some((instance) => instance !== this.instanceId);
  }

  close(): void {
    this.cancelRenewal?.();
    this.watched.clear();
  }

  private scheduleRenewal(): void {
    this.cancelRenewal ??= this.clock.schedule(() => {
      this.cancelRenewal = undefined;
      if (this.watched.size === 0) return;
      this.say([...this.watched]);
      this.scheduleRenewal();
    }, this.limits.value('stream.disconnectGraceMs') / 2);
  }

  private say(runIds: readonly string[]): void {
    const lifeMs = this.limits.value('stream.disconnectGraceMs') * GRACES_PER_ENTRY;
    const pipeline = this.redis.commands.pipeline();
    for (const runId of runIds) {
      const key = this.keyOf(runId);
      pipeline.zadd(key, this.clock.now() + lifeMs, this.instanceId).pexpire(key, lifeMs);
    }
    pipeline.exec().catch((error: unknown) => logger.debug({ message: 'viewers not told to other instances; the next renewal will', error }));
  }

  private keyOf(runId: string): string {
    return this.redis.key('run', `{${runId}}`, 'viewers');
  }
}
