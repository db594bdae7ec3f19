import { Inject, Injectable } from '@nestjs/common';
import { CLOCK, type Clock, type NanoUsd, toCredits } from '../../common/index.js';
import { CONFIG, type Config } from '../../config/index.js';
import { PrismaService } from '../../database/index.js';
import { behind, decodeCursor, type Page, type PageQuery, toPage } from '../../http/index.js';
import { toBalance } from '../accounts/balance.js';
import { type BalanceLevel, levelOf } from '../accounts/balance-level.js';
import { CreditAccounts } from '../accounts/credit-accounts.js';
import { startOfMonth } from '../accounts/calendar-month.js';
import { type LedgerEntryView, presentEntry } from '../ledger/ledger-entry.view.js';

export interface BalanceView {
  readonly posted: number;
  readonly held: number;
  readonly available: number;
  readonly postedNanoUsd: string;
  readonly heldNanoUsd: string;
  readonly availableNanoUsd: string;
  /** Since the first of the month (UTC), refunds taken off. */
  readonly creditsUsedThisMonth: number;
  /** The last free credits given; what the level is measured against. */
  readonly allowance: number;
  readonly level: BalanceLevel;
}

/** What a person sees of their account. */
@Injectable()
export class AccountStatements {
  constructor(
    private readonly prisma: PrismaService,
    private readonly accounts: CreditAccounts,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  async balance(userId: string): Promise<BalanceView> {
    await this.accounts.ensure(this.prisma, userId);
    const [account, used] = await Promise.all([this.prisma.creditAccount.findUniqueOrThrow({ where: { userId } }), this.usedThisMonth(userId)]);
    const { postedNanoUsd, heldNanoUsd, availableNanoUsd } = toBalance(account.postedNanoUsd, account.heldNanoUsd);
    return {
      posted: this.credits(postedNanoUsd),
      held: this.credits(heldNanoUsd),
      available: this.credits(availableNanoUsd),
      postedNanoUsd: postedNanoUsd.toString(),
      heldNanoUsd: heldNanoUsd.toString(),
      availableNanoUsd: availableNanoUsd.toString(),
      creditsUsedThisMonth: this.credits(used),
      allowance: this.credits(account.allowanceNanoUsd),
      level: levelOf(postedNanoUsd, account.allowanceNanoUsd),
    };
  }

  /** Newest first; the signed amounts of all pages add up to `posted`. */
  async ledger(userId: string, { cursor, limit }: PageQuery): Promise<Page<LedgerEntryView>> {
    await this.accounts.ensure(this.prisma, userId);
    const rows = await this.prisma.ledgerEntry.findMany({
      where: { userId, ...behind('createdAt', decodeCursor(cursor)) },
      orderBy: [{ createdAt: 'desc' }, { id: 'asc' }],
      take: limit + 1,
    });
    return toPage(rows, limit, (row) => ({ at: row.createdAt, id: row.id }), (row) => presentEntry(row, this.config.billing.creditValueNanoUsd));
  }

  /** Never below zero: a refund may belong to usage of an earlier month. */
  private async usedThisMonth(userId: string): Promise<NanoUsd> {
    const { _sum } = await this.prisma.ledgerEntry.aggregate({
      where: { userId, kind: { in: ['usage', 'refund'] }, createdAt: { gte: startOfMonth(this.clock.now()) } },
      _sum: { amountNanoUsd: true },
    });
    const used = -(_sum.amountNanoUsd ?? 0n);
    return used > 0n ? used : 0n;
  }

  private credits(amount: NanoUsd): number {
    return toCredits(amount, this.config.billing.creditValueNanoUsd);
  }
}
