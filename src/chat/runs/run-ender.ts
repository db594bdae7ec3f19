import { Inject, Injectable } from '@nestjs/common';
import { BillingService } from '../../billing/index.js';
import type { Prisma } from '../../database/index.js';
import { FencedOutError, RUN_EVENT_LOG, type RunEventLog } from '../../streaming/index.js';
import { AnswerHistory } from './answer-history.js';
import { RunFinisher } from './run-finisher.js';
import type { RunOutcome } from './run-outcome.js';
import { firstHoldId, type RunRow, totalsOf } from './run-row.js';
import { RunStore } from './run-store.js';
import { UNSEEN_SEQ_GAP } from './unseen-seq-gap.js';

/** Ends a run that no executor works on: one still in the queue, or one whose instance is gone. */
@Injectable()
export class RunEnder {
  constructor(
    private readonly store: RunStore,
    private readonly billing: BillingService,
    private readonly finisher: RunFinisher,
    private readonly answers: AnswerHistory,
    @Inject(RUN_EVENT_LOG) private readonly log: RunEventLog,
  ) {}

  /**
   * @param from what must still be true of the run, beside its not having ended
   * @returns false when it was not, or another was quicker
   */
  async end(runId: string, from: Prisma.RunWhereInput, outcome: RunOutcome): Promise<boolean> {
    const row = await this.store.seize(runId, from);
    if (!row) return false;
    try {
      return await this.finish(row, outcome);
    } catch (error) {
      if (error instanceof FencedOutError) return false; // another has seized it since
      throw error;
    }
  }

  private async finish(row: RunRow, outcome: RunOutcome): Promise<boolean> {
    if (row.startedAt === null) {
      const writer = await this.log.openWriter(row.id, row.fencingToken, row.lastSeq);
      await this.billing.release(firstHoldId(row.id));
      return this.finisher.finish({ row, outcome, text: '', totals: totalsOf(row), writer });
    }
    // A run that nobody holds, because it waits for a person or was given back, has its last number in its row.
    // What a lost instance sent may have been used: those holds are the sweeper's.
    await this.billing.releaseUnsent(row.id);
    const writer = await this.log.openWriter(row.id, row.fencingToken, row.lastSeq + (row.leaseOwner === null ? 0 : UNSEEN_SEQ_GAP));
    const [text, totals] = await Promise.all([this.answers.textOf(row), this.store.settledTotals(row)]);
    return this.finisher.finish({ row, outcome, text, totals, writer });
  }
}
