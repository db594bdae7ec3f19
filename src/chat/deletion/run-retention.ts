import { Inject, Injectable } from '@nestjs/common';
import { CLOCK, type Clock } from '../../common/index.js';
import { PrismaService } from '../../database/index.js';
import { groupByUser } from './group-by-user.js';
import { RunRemains } from './run-remains.js';
import { RunRows } from './run-rows.js';

const DAY_MS = 86_400_000;

/** Runs, steps and tool calls of long ago, which reports were made of, in conversations that go on. Their messages stay. */
@Injectable()
export class RunRetention {
  constructor(
    private readonly prisma: PrismaService,
    private readonly rows: RunRows,
    private readonly remains: RunRemains,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** Deletes up to `batchSize` runs that ended `days` ago. @returns how many */
  async removeEnded(days: number, batchSize: number): Promise<number> {
    const before = new Date(this.clock.now() - days * DAY_MS);
    const due = await this.prisma.$queryRaw<{ id: string; userId: string }[]>`SELECT id, user_id AS "userId" FROM runs WHERE finished_at < ${before}::timestamptz ORDER BY finished_at LIMIT ${batchSize}`;
    let deleted = 0;
    for (const [userId, runs] of groupByUser(due)) deleted += await this.remove(userId, runs.map(({ id }) => id));
    return deleted;
  }

  private async remove(userId: string, ids: readonly string[]): Promise<number> {
    const { count, runs } = await this.prisma.$transaction(async (tx) => {
      await this.rows.lockAccount(userId, tx);
      const runs = await this.rows.forget(ids, tx);
      await tx.$executeRaw`UPDATE messages SET run_id = NULL WHERE run_id = ANY(${[...ids]}::uuid[])`;
      return { count: await tx.$executeRaw`DELETE FROM runs WHERE id = ANY(${[...ids]}::uuid[])`, runs };
    });
    await this.remains.clear(runs);
    return count;
  }
}
