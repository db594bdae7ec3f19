import { Inject, Injectable } from '@nestjs/common';
import { CLOCK, type Clock } from '../../common/index.js';
import { PrismaService } from '../../database/index.js';
import { type Limits, LIMITS_READER } from '../../limits/index.js';
import { RUN_EVENT_LOG, type RunEventLog } from '../../streaming/index.js';

/**
 * Forgets the events that this instance keeps in memory of runs that are gone, or have ended elsewhere: its own ended ones
 * go by themselves after `stream.replayRetentionMs`, and in Redis every key has a time after which it expires.
 */
@Injectable()
export class EventLogTrim {
  /** The rest of a round through what is kept. */
  private runIds: string[] = [];

  constructor(
    private readonly prisma: PrismaService,
    @Inject(RUN_EVENT_LOG) private readonly log: RunEventLog,
    @Inject(LIMITS_READER) private readonly limits: Limits,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** Looks at the next `batchSize` runs. @returns how many were forgotten, and whether the round goes on */
  async trim(batchSize: number): Promise<{ rows: number; hasMore: boolean }> {
    if (this.runIds.length === 0) this.runIds = this.log.keptHere();
    const ids = this.runIds.splice(0, batchSize);
    const left = await this.stillWanted(ids);
    const unwanted = ids.filter((id) => !left.has(id));
    for (const id of unwanted) await this.log.drop(id);
    return { rows: unwanted.length, hasMore: this.runIds.length > 0 };
  }

  private async stillWanted(ids: string[]): Promise<ReadonlySet<string>> {
    const endedSince = new Date(this.clock.now() - this.limits.value('stream.replayRetentionMs'));
    const rows = await this.prisma.$queryRaw<{ id: string }[]>`
      SELECT id FROM runs WHERE id = ANY(${ids}::uuid[]) AND (finished_at IS NULL OR finished_at > ${endedSince}::timestamptz)`;
    return new Set(rows.map(({ id }) => id));
  }
}
