import { Inject, Injectable } from '@nestjs/common';
import { AppError, CLOCK, type Clock } from '../../common/index.js';
import { Prisma, PrismaService } from '../../database/index.js';
import { type Limits, LIMITS_READER } from '../../limits/index.js';
import { RUN_EVENT_LOG, type RunEventLog, RunViewers } from '../../streaming/index.js';
import { RunCanceller } from '../runs/run-canceller.js';
import { ACTIVE_STATUSES } from '../runs/run-state.js';
import type { DeletedRun } from './deleted-run.js';
import { groupByUser } from './group-by-user.js';
import { RunRemains } from './run-remains.js';
import { RunRows } from './run-rows.js';

const DAY_MS = 86_400_000;
const POLL_MS = 50;
/** A conversation of thousands of runs takes a while. */
const TRANSACTION_TIMEOUT_MS = 60_000;
const NOTHING_GOES_ON = Prisma.sql`NOT EXISTS (SELECT 1 FROM runs r WHERE r.conversation_id = c.id AND r.status IN ('queued', 'running', 'waiting'))`;

/** Deletes conversations with all that is of them. Amounts stay in the ledger, and nothing there leads back (docs/adr/0017). */
@Injectable()
export class ConversationDeletion {
  constructor(
    private readonly prisma: PrismaService,
    private readonly rows: RunRows,
    private readonly remains: RunRemains,
    private readonly canceller: RunCanceller,
    private readonly viewers: RunViewers,
    @Inject(RUN_EVENT_LOG) private readonly log: RunEventLog,
    @Inject(LIMITS_READER) private readonly limits: Limits,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /**
   * Stops what goes on in the conversation first; its clients are told that it was cancelled.
   * @throws AppError `conversation_not_found`; `conversation_busy` when a run does not stop within `chat.deleteWaitMs`
   */
  async remove(userId: string, id: string): Promise<void> {
    if (!(await this.exists(userId, id))) throw new AppError('conversation_not_found', `There is no conversation ${id}.`);
    const stopped = new Set<string>();
    const givesUpAtMs = this.clock.monotonicMs() + this.limits.value('chat.deleteWaitMs');
    for (;;) {
      const hasStopped = await this.stopRuns(userId, id, stopped);
      if (hasStopped) await this.untilUnwatched([...stopped], givesUpAtMs);
      const { count, runs } = hasStopped ? await this.delete(userId, [id], Prisma.sql`TRUE`) : { count: 0, runs: [] };
      if (count > 0) return this.remains.clear(runs);
      if (!(await this.exists(userId, id))) return; // somebody else was quicker
      if (this.clock.monotonicMs() >= givesUpAtMs) throw new AppError('conversation_busy', 'A run of this conversation is being stopped and has not ended yet. Delete it again in a moment.', { retryAfterMs: 5_000 });
      await this.clock.sleep(POLL_MS);
    }
  }

  /** Deletes up to `batchSize` conversations that have been quiet for `days`, unless something goes on in them. @returns how many */
  async removeInactive(days: number, batchSize: number): Promise<number> {
    const isDue = Prisma.sql`c.last_active_at < ${new Date(this.clock.now() - days * DAY_MS)}::timestamptz`;
    const due = await this.prisma.$queryRaw<{ id: string; userId: string }[]>`
      SELECT c.id, c.user_id AS "userId" FROM conversations c WHERE ${isDue} AND ${NOTHING_GOES_ON} ORDER BY c.last_active_at LIMIT ${batchSize}`;
    let deleted = 0;
    for (const [userId, rows] of groupByUser(due)) {
      const { count, runs } = await this.delete(userId, rows.map(({ id }) => id), isDue);
      deleted += count;
      await this.remains.clear(runs);
    }
    return deleted;
  }

  /** @returns whether everything has stopped and said so to its clients */
  private async stopRuns(userId: string, conversationId: string, stopped: Set<string>): Promise<boolean> {
    const active = await this.prisma.run.findMany({ where: { conversationId, status: { in: [...ACTIVE_STATUSES] } }, orderBy: { id: 'desc' }, select: { id: true } });
    for (const { id } of active) {
      if (!stopped.has(id)) await this.canceller.cancel(id, userId, 'conversation_deleted');
      stopped.add(id);
    }
    return active.length === 0 && (await this.areTold([...stopped]));
  }

  /** Whether the logs have the terminal events that the rows of these runs know of. */
  private async areTold(runIds: readonly string[]): Promise<boolean> {
    const runs = await this.prisma.run.findMany({ where: { id: { in: [...runIds] } }, select: { id: true, lastSeq: true } });
    const pages = await Promise.all(runs.map(async ({ id, lastSeq }) => ({ lastSeq, page: await this.log.read(id, lastSeq - 1, 1) })));
    return pages.every(({ lastSeq, page }) => page.lastSeq === 0 || page.lastSeq >= lastSeq); // 0: nothing is kept here
  }

  /** Those who watch a run that was stopped leave when they have read how it ended, which is in the log that goes next. A slow one is not waited for longer. */
  private async untilUnwatched(runIds: readonly string[], untilMs: number): Promise<void> {
    const isWatched = async (runId: string): Promise<boolean> => this.viewers.count(runId) > 0 || (await this.viewers.isWatchedElsewhere(runId).catch(() => false));
    while (runIds.length > 0 && this.clock.monotonicMs() < untilMs) {
      if (!(await Promise.all(runIds.map(isWatched))).includes(true)) return;
      await this.clock.sleep(POLL_MS);
    }
  }

  /** Those of the given ones that are still due and in which nothing goes on. */
  private delete(userId: string, ids: readonly string[], isDue: Prisma.Sql): Promise<{ count: number; runs: DeletedRun[] }> {
    return this.prisma.$transaction(
      async (tx) => {
        // Admission takes this lock first, too: no run begins in a conversation that is being deleted.
        await this.rows.lockAccount(userId, tx);
        const rows = await tx.$queryRaw<{ id: string }[]>`
          SELECT c.id FROM conversations c WHERE c.id = ANY(${[...ids]}::uuid[]) AND c.user_id = ${userId} AND ${isDue} AND ${NOTHING_GOES_ON} FOR UPDATE`;
        const conversationIds = rows.map(({ id }) => id);
        const runs = await tx.$queryRaw<{ id: string }[]>`SELECT id FROM runs WHERE conversation_id = ANY(${conversationIds}::uuid[])`;
        const deleted = await this.rows.forget(runs.map(({ id }) => id), tx);
        const count = await tx.$executeRaw`DELETE FROM conversations WHERE id = ANY(${conversationIds}::uuid[])`;
        return { count, runs: deleted };
      },
      { timeout: TRANSACTION_TIMEOUT_MS },
    );
  }

  private async exists(userId: string, id: string): Promise<boolean> {
    return (await this.prisma.conversation.count({ where: { id, userId } })) > 0;
  }
}
