import { Inject, Injectable } from '@nestjs/common';
import { AppError, CLOCK, type Clock, newId, type NanoUsd } from '../../common/index.js';
import { type Database, type Prisma, PrismaService } from '../../database/index.js';

export type LedgerRow = Prisma.LedgerEntryGetPayload<object>;

/** `allowance` is a month's free credits; `refund` reverses usage, `reversal` reverses credits that were given. */
export type PostingKind = 'grant' | 'allowance' | 'refund' | 'reversal';

export interface Posting {
  readonly userId: string;
  readonly kind: PostingKind;
  /** Signed: its effect on the balance. */
  readonly amountNanoUsd: NanoUsd;
  /** The same key is posted once, ever, however often it is asked for. */
  readonly idempotencyKey: string;
  readonly reason: string;
  readonly createdBy: string;
  readonly reversesEntryId?: string;
  readonly runId?: string;
}

const REVERSED_BY: Readonly<Record<string, PostingKind>> = { usage: 'refund', grant: 'reversal', allowance: 'reversal' };

/** Entries that are not usage. The ledger is append-only; a mistake is reversed by another entry. */
@Injectable()
export class Postings {
  constructor(
    private readonly prisma: PrismaService,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /**
   * @returns the entry of the posting's key, also when it was posted before
   * @throws AppError `user_not_found` when the user has no account
   */
  async post(posting: Posting, database: Database = this.prisma): Promise<LedgerRow> {
    await this.insert(posting, database);
    const entry = await database.ledgerEntry.findUnique({ where: { idempotencyKey: posting.idempotencyKey } });
    if (!entry) throw new AppError('user_not_found', `${posting.userId} has no credit account yet.`);
    return entry;
  }

  /**
   * Undoes an entry, in full and once.
   * @throws AppError `validation_failed` for an unknown entry, `invalid_state` for one that is itself a reversal
   */
  async reverse(entryId: string, reason: string, createdBy: string, database: Database = this.prisma): Promise<LedgerRow> {
    const entry = await database.ledgerEntry.findUnique({ where: { id: entryId } });
    if (!entry) throw new AppError('validation_failed', `entryId: there is no ledger entry ${entryId}.`);
    const kind = REVERSED_BY[entry.kind];
    if (!kind) throw new AppError('invalid_state', `Entry ${entryId} is a ${entry.kind}: what reverses an entry is not reversed itself. Grant credits instead.`);
    const { userId, amountNanoUsd, runId } = entry;
    return this.post({ userId, kind, amountNanoUsd: -amountNanoUsd, idempotencyKey: `reverse:${entryId}`, reason, createdBy, reversesEntryId: entryId, runId: runId ?? undefined }, database);
  }

  private async insert(posting: Posting, database: Database): Promise<void> {
    const { userId, kind, amountNanoUsd, idempotencyKey, reason, createdBy, reversesEntryId = null, runId = null } = posting;
    const now = new Date(this.clock.now());
    await database.$executeRaw`
      WITH account AS (
        SELECT user_id, posted_nano_usd FROM credit_accounts WHERE user_id = ${userId} FOR UPDATE),
      entry AS (
        INSERT INTO ledger_entries (id, user_id, kind, amount_nano_usd, balance_nano_usd, idempotency_key, run_id, reverses_entry_id, reason, created_by, created_at)
        SELECT ${newId()}::uuid, user_id, ${kind}, ${amountNanoUsd}::bigint, posted_nano_usd + ${amountNanoUsd}::bigint, ${idempotencyKey}, ${runId}::uuid, ${reversesEntryId}::uuid, ${reason}, ${createdBy}, ${now}::timestamptz
        FROM account ON CONFLICT DO NOTHING RETURNING user_id, amount_nano_usd)
      UPDATE credit_accounts a SET posted_nano_usd = a.posted_nano_usd + e.amount_nano_usd,
        allowance_nano_usd = CASE WHEN ${kind} = 'allowance' THEN e.amount_nano_usd ELSE a.allowance_nano_usd END
      FROM entry e WHERE a.user_id = e.user_id`;
  }
}
