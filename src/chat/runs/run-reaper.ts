import { Inject, Injectable } from '@nestjs/common';
import { CLOCK, type Clock } from '../../common/index.js';
import type { Prisma } from '../../database/index.js';
import { FailureDetectionService, IncidentLog } from '../../failure-detection/index.js';
import { type Limits, LIMITS_READER } from '../../limits/index.js';
import { RunEnder } from './run-ender.js';
import { RunHandOver } from './run-hand-over.js';
import { type AbandonedCancel, type Orphan, RunStore } from './run-store.js';

/** Gives runs whose instance is gone back to the queue, and ends those that nobody else will end, so that their clients learn it (I1). */
@Injectable()
export class RunReaper {
  constructor(
    private readonly store: RunStore,
    private readonly ender: RunEnder,
    private readonly handOver: RunHandOver,
    private readonly detection: FailureDetectionService,
    private readonly incidents: IncidentLog,
    @Inject(LIMITS_READER) private readonly limits: Limits,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /**
   * One run that cannot be taken over or ended does not keep the others from it.
   * @returns how many of at most `batchSize` of each kind were
   */
  async reap(batchSize: number): Promise<number> {
    const orphans = await this.store.findOrphans(batchSize);
    const cancelled = await this.store.findAbandonedCancels(batchSize, this.limits.value('run.leaseMs'));
    const ends = [...orphans.map((orphan) => () => this.takeOver(orphan)), ...cancelled.map((run) => () => this.endCancelled(run))];
    const errors: unknown[] = [];
    let ended = 0;
    for (const end of ends) {
      try {
        if (await end()) ended++;
      } catch (error) {
        errors.push(error);
      }
    }
    if (errors.length > 0) throw new AggregateError(errors, `${errors.length} of ${ends.length} runs could not be ended: ${String(errors[0])}`);
    return ended;
  }

  private async takeOver(orphan: Orphan): Promise<boolean> {
    const maxTakeovers = this.limits.value('run.maxTakeovers');
    const stillOrphaned = { status: 'running', leaseExpiresAt: { lt: new Date(this.clock.now()) } };
    if (orphan.cancelRequestedAt) return this.ender.end(orphan.id, stillOrphaned, { status: 'cancelled', reason: orphan.cancelReason ?? 'user' });
    if (await this.handOver.takeOver(orphan.id, maxTakeovers)) return true;
    // Not taken over, but perhaps because it was cancelled in between: that is the next pass's to end.
    return this.endWornOut(orphan, { ...stillOrphaned, cancelRequestedAt: null, takeovers: { gte: maxTakeovers } });
  }

  /** A run that took several instances with it would take the next one, too. */
  private async endWornOut({ id: runId, userId, iterations }: Orphan, stillWornOut: Prisma.RunWhereInput): Promise<boolean> {
    const [failure] = this.detection.detectFailurePatterns({ source: 'run', kind: 'instance_crash' });
    const reason = 'What it had answered so far is kept; a change that was under way may or may not have been made. Look at the files, then try again.';
    const message = `${failure?.message ?? 'The server working on this run stopped unexpectedly.'} ${reason}`;
    const error = { code: 'instance_crash', pattern: failure?.pattern, message, retryable: true };
    if (!(await this.ender.end(runId, stillWornOut, { status: 'failed', error }))) return false;
    if (failure) await this.incidents.record({ runId, userId, iteration: iterations, attempt: 1, failure, decision: { action: 'stop', strategy: 'manual', reason, summarise: false } });
    await this.incidents.resolveRun(runId, 'failed'); // also those that the lost instance left open
    return true;
  }

  private endCancelled({ id, status, cancelReason }: AbandonedCancel): Promise<boolean> {
    return this.ender.end(id, { status }, { status: 'cancelled', reason: cancelReason ?? 'user' });
  }
}
