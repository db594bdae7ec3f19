import { Injectable } from '@nestjs/common';
import type { Database } from '../../database/index.js';
import { Idempotency } from '../../http/index.js';
import { HoldSweeper } from '../holds/hold-sweeper.js';

/**
 * Takes what leads to deleted runs out of billing. Amounts, tokens, models and times stay, and with them I3; what stands
 * for a call keeps it from being posted again, and nobody finds the run from it.
 */
@Injectable()
export class RunForgetter {
  constructor(private readonly sweeper: HoldSweeper) {}

  /**
   * The user's account is locked until the transaction ends, as by everything that moves money: no usage is posted meanwhile,
   * and no run admitted. To be called before any row of a run or conversation is locked.
   */
  async lockAccount(userId: string, transaction: Database): Promise<void> {
    await transaction.$executeRaw`SELECT user_id FROM credit_accounts WHERE user_id = ${userId} FOR UPDATE`;
  }

  /** @param runIds have ended, and are of users whose accounts are locked */
  async forget(runIds: readonly string[], transaction: Database): Promise<void> {
    const ids = [...runIds];
    await this.sweeper.sweepRuns(ids, transaction);
    await transaction.$executeRaw`DELETE FROM credit_holds WHERE run_id = ANY(${ids}::uuid[])`;
    await transaction.$executeRaw`UPDATE usage_records SET run_id = NULL, hold_id = forgotten_hold_id(hold_id) WHERE run_id = ANY(${ids}::uuid[])`;
    const entries = await transaction.$queryRaw<{ id: string }[]>`
      UPDATE ledger_entries SET run_id = NULL, hold_id = forgotten_hold_id(hold_id), idempotency_key = COALESCE('usage:' || forgotten_hold_id(hold_id), idempotency_key)
      WHERE run_id = ANY(${ids}::uuid[]) RETURNING id`;
    await Idempotency.forget(transaction, entries.map(({ id }) => id)); // the answer to a refund names the run
  }
}
