import { Inject, Injectable, Logger } from '@nestjs/common';
import { CLOCK, type Clock } from '../../common/index.js';
import { PrismaService } from '../../database/index.js';

/** An account whose sums do not add up. Each difference is 0 unless something is wrong. */
export interface Imbalance {
  readonly userId: string;
  /** posted − Σ ledger entries */
  readonly postedDifferenceNanoUsd: bigint;
  /** held − Σ open holds */
  readonly heldDifferenceNanoUsd: bigint;
  /** Σ charged usage + Σ usage entries of the ledger, which are negative */
  readonly usageDifferenceNanoUsd: bigint;
}

export interface ReconciledBatch {
  /** Accounts looked at; fewer than asked for at the end of a round. */
  readonly accounts: number;
  readonly imbalances: readonly Imbalance[];
  /** Sum of all differences of the round, without signs; only when this batch ended it. Anything but 0 needs a person. */
  readonly roundDifferenceNanoUsd?: bigint;
}

/** Recounts I3 from the rows, account by account. */
@Injectable()
export class LedgerReconciliation {
  private readonly logger = new Logger(LedgerReconciliation.name);
  private round = { afterUserId: '', differenceNanoUsd: 0n };

  constructor(
    private readonly prisma: PrismaService,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** Checks the next accounts, at most `batchSize`, and logs each that is out of balance as an error; after the last account a new round begins. */
  async checkNext(batchSize: number): Promise<ReconciledBatch> {
    const accounts = await this.prisma.creditAccount.findMany({ where: { userId: { gt: this.round.afterUserId } }, orderBy: { userId: 'asc' }, take: batchSize, select: { userId: true } });
    const userIds = accounts.map((account) => account.userId);
    const imbalances = await this.findImbalances(userIds);
    for (const imbalance of imbalances) this.logger.error({ message: 'the ledger does not add up (I3)', ...inWords(imbalance) });
    const roundDifferenceNanoUsd = this.round.differenceNanoUsd + imbalances.reduce((sum, imbalance) => sum + magnitude(imbalance), 0n);
    const isRoundOver = accounts.length < batchSize;
    this.round = isRoundOver ? { afterUserId: '', differenceNanoUsd: 0n } : { afterUserId: userIds.at(-1) ?? '', differenceNanoUsd: roundDifferenceNanoUsd };
    if (isRoundOver) await this.remember(roundDifferenceNanoUsd);
    return { accounts: accounts.length, imbalances, ...(isRoundOver ? { roundDifferenceNanoUsd } : {}) };
  }

  /** For alerts of every instance, not only of the one that counted. */
  private async remember(differenceNanoUsd: bigint): Promise<void> {
    const check = { differenceNanoUsd, checkedAt: new Date(this.clock.now()) };
    await this.prisma.ledgerCheck.upsert({ where: { id: 'latest' }, create: { id: 'latest', ...check }, update: check });
  }

  /** Those of the given accounts that are out of balance; one snapshot, so that work under way is not mistaken for an error. */
  async findImbalances(userIds: readonly string[]): Promise<Imbalance[]> {
    if (userIds.length === 0) return [];
    return this.prisma.$queryRaw<Imbalance[]>`
      SELECT * FROM (
        SELECT a.user_id AS "userId",
          (a.posted_nano_usd - ledger.amount)::bigint AS "postedDifferenceNanoUsd",
          (a.held_nano_usd - (SELECT COALESCE(SUM(h.amount_nano_usd), 0) FROM credit_holds h WHERE h.user_id = a.user_id AND h.status = 'held'))::bigint AS "heldDifferenceNanoUsd",
          ((SELECT COALESCE(SUM(u.charged_nano_usd), 0) FROM usage_records u WHERE u.user_id = a.user_id) + ledger.used)::bigint AS "usageDifferenceNanoUsd"
        FROM credit_accounts a CROSS JOIN LATERAL (
          SELECT COALESCE(SUM(l.amount_nano_usd), 0) AS amount, COALESCE(SUM(l.amount_nano_usd) FILTER (WHERE l.kind = 'usage'), 0) AS used
          FROM ledger_entries l WHERE l.user_id = a.user_id) ledger
        WHERE a.user_id = ANY(${[...userIds]}::text[])) checked
      WHERE "postedDifferenceNanoUsd" <> 0 OR "heldDifferenceNanoUsd" <> 0 OR "usageDifferenceNanoUsd" <> 0
      ORDER BY "userId"`;
  }
}

function magnitude({ postedDifferenceNanoUsd, heldDifferenceNanoUsd, usageDifferenceNanoUsd }: Imbalance): bigint {
  return [postedDifferenceNanoUsd, heldDifferenceNanoUsd, usageDifferenceNanoUsd].reduce((sum, difference) => sum + (difference < 0n ? -difference : difference), 0n);
}

/** Loggers write JSON, which knows no bigint. */
function inWords(imbalance: Imbalance): Record<string, string> {
  return Object.fromEntries(Object.entries(imbalance).map(([name, value]) => [name, String(value)]));
}
