import { Inject, Injectable } from '@nestjs/common';
import { CLOCK, type Clock } from '../../common/index.js';
import { DATABASE_CONNECTION, type Database, type DatabaseConnection, type Prisma, PrismaService } from '../../database/index.js';
import type { RunContext } from '../loop/run-context.js';
import type { QueuedRun } from '../queue/run-queue.port.js';
import type { RunOutcome } from './run-outcome.js';
import { totalsColumns } from './run-row.js';
import { statusesAllowing } from './run-state.js';
import { UNSEEN_SEQ_GAP } from './unseen-seq-gap.js';

const CHANNEL = 'lomu_run_handed_over';

/** Gives runs back to the queue, so that whoever takes them up goes on from their checkpoint. */
@Injectable()
export class RunHandOver {
  constructor(
    private readonly prisma: PrismaService,
    @Inject(DATABASE_CONNECTION) private readonly connection: DatabaseConnection,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** Calls back with each run that any instance gives back; the returned function ends it. */
  listen(onHandedOver: (run: QueuedRun) => void): Promise<() => Promise<void>> {
    return this.connection.listen(CHANNEL, (payload) => onHandedOver(JSON.parse(payload) as QueuedRun));
  }

  /**
   * Lets go of a run that we hold. What was said of its unfinished iteration is taken back: that is said anew.
   * @returns undefined when the run is in the queue now, or is no longer ours (I7); its end when somebody cancelled it meanwhile
   */
  async release({ fence, totals, writer, answer, phase, workTime }: RunContext): Promise<RunOutcome | undefined> {
    answer.discard('The server is restarted; this step begins again.');
    await writer.flush();
    const isReleased = await this.requeue(
      { id: fence.runId, fencingToken: fence.fencingToken },
      // The iteration that was not finished begins again, and is counted then.
      { ...totalsColumns(totals), iterations: undefined, phase, workedMs: workTime.totalMs, lastSeq: writer.lastSeq },
    );
    if (isReleased) return undefined;
    const row = await this.prisma.run.findFirst({ where: { id: fence.runId, fencingToken: fence.fencingToken, cancelRequestedAt: { not: null } }, select: { cancelReason: true } });
    return row ? { status: 'cancelled', reason: row.cancelReason ?? 'user' } : undefined;
  }

  /**
   * Takes a run away from a holder that stopped renewing. Its next event is numbered beyond all that a client may have seen (I2).
   * @param maxTakeovers a run that was taken over this often stays where it is
   * @returns whether it is in the queue now
   */
  takeOver(runId: string, maxTakeovers: number): Promise<boolean> {
    return this.requeue(
      { id: runId, leaseExpiresAt: { lt: new Date(this.clock.now()) }, takeovers: { lt: maxTakeovers } },
      { takeovers: { increment: 1 }, lastSeq: { increment: UNSEEN_SEQ_GAP } },
    );
  }

  private requeue(where: Prisma.RunWhereInput, data: Prisma.RunUpdateManyMutationInput): Promise<boolean> {
    return this.prisma.$transaction(async (tx) => {
      const rows = await tx.run.updateManyAndReturn({
        where: { ...where, status: { in: statusesAllowing('release') }, cancelRequestedAt: null },
        data: { ...data, status: 'queued', fencingToken: { increment: 1 }, leaseOwner: null, leaseExpiresAt: null },
        select: { id: true, userId: true },
      });
      for (const { id, userId } of rows) await announce(tx, { runId: id, userId }); // one at most
      return rows.length > 0;
    });
  }
}

async function announce(tx: Database, run: QueuedRun): Promise<void> {
  await tx.$executeRaw`SELECT pg_notify(${CHANNEL}, ${JSON.stringify(run)})`;
}
