import { Inject, Injectable } from '@nestjs/common';
import { AppError, fromCredits, type NanoUsd } from '../../common/index.js';
import { CONFIG, type Config } from '../../config/index.js';
import type { Database } from '../../database/index.js';
import { type LedgerRow, Postings } from '../ledger/postings.js';
import { CreditAccounts } from './credit-accounts.js';

export interface Grant {
  readonly userId: string;
  readonly credits: number;
  readonly reason: string;
  readonly createdBy: string;
  /** The same key is granted once, ever. */
  readonly idempotencyKey: string;
}

/** Credits given by a person. */
@Injectable()
export class CreditGrants {
  constructor(
    private readonly accounts: CreditAccounts,
    private readonly postings: Postings,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  /**
   * Opens the account of a user who has never been here.
   * @throws AppError `idempotency_mismatch` for a key that stands for another grant, `validation_failed` for an amount that is none in nano-USD
   */
  async give({ userId, credits, reason, createdBy, idempotencyKey }: Grant, database: Database): Promise<LedgerRow> {
    const amountNanoUsd = this.toAmount(credits);
    await this.accounts.ensure(database, userId);
    const entry = await this.postings.post({ userId, kind: 'grant', amountNanoUsd, idempotencyKey: `grant:${idempotencyKey}`, reason, createdBy }, database);
    if (entry.userId === userId && entry.amountNanoUsd === amountNanoUsd) return entry;
    throw new AppError('idempotency_mismatch', 'This Idempotency-Key was used for another grant. Use a new key for a new grant.');
  }

  private toAmount(credits: number): NanoUsd {
    const nanoUsd = credits * Number(this.config.billing.creditValueNanoUsd);
    if (nanoUsd >= 1 && nanoUsd <= Number.MAX_SAFE_INTEGER) return fromCredits(credits, this.config.billing.creditValueNanoUsd);
    throw new AppError('validation_failed', `credits: ${credits} credits are ${nanoUsd} nano-USD; one grant is 1 to ${Number.MAX_SAFE_INTEGER} of them.`);
  }
}
