import { Inject, Injectable } from '@nestjs/common';
import { CLOCK, type Clock, fromCredits } from '../../common/index.js';
import { CONFIG, type Config } from '../../config/index.js';
import { PrismaService } from '../../database/index.js';
import { type Limits, LIMITS_READER } from '../../limits/index.js';
import { Postings } from '../ledger/postings.js';
import { startOfMonth, startOfNextMonth } from './calendar-month.js';

const DEFAULT_PLAN = 'free';

const DAY_MS = 86_400_000;

/**
 * Gives each account its `billing.monthlyAllowanceCredits`, which may differ by plan and user, once per
 * calendar month (UTC). An account opened in a month begins with its sign-up grant and gets its first
 * allowance the month after. What is left of a month stays.
 */
@Injectable()
export class MonthlyAllowance {
  constructor(
    private readonly prisma: PrismaService,
    private readonly postings: Postings,
    @Inject(LIMITS_READER) private readonly limits: Limits,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  /** Sees to the accounts that are due. @returns how many, at most `batchSize` */
  async grantDue(batchSize: number): Promise<number> {
    const now = this.clock.now();
    const accounts = await this.dueAccounts(now, batchSize);
    const given: string[] = [];
    const without: string[] = [];
    for (const { userId, plan } of accounts) ((await this.grant(userId, plan, startOfMonth(now))) ? given : without).push(userId);
    const nextMonth = startOfNextMonth(now);
    await this.lookAgain(given, nextMonth);
    await this.lookAgain(without, new Date(Math.min(now + DAY_MS, nextMonth.getTime()))); // the plan or the limit may have changed by then
    return accounts.length;
  }

  private dueAccounts(now: number, batchSize: number): Promise<{ userId: string; plan: string }[]> {
    return this.prisma.$queryRaw<{ userId: string; plan: string }[]>`
      SELECT c.user_id AS "userId", COALESCE(a.plan, ${DEFAULT_PLAN}) AS plan
      FROM credit_accounts c LEFT JOIN accounts a ON a.id = c.user_id
      WHERE c.allowance_due_at <= ${new Date(now)}::timestamptz ORDER BY c.allowance_due_at LIMIT ${batchSize}`;
  }

  /** Harmless when it was given before: the ledger's unique key decides, also when two instances ask at once. @returns whether there is one */
  private async grant(userId: string, plan: string, month: Date): Promise<boolean> {
    const { values } = this.limits.snapshot({ userId, plan, intent: 'default' });
    const amountNanoUsd = fromCredits(values['billing.monthlyAllowanceCredits'], this.config.billing.creditValueNanoUsd);
    if (amountNanoUsd === 0n) return false;
    await this.postings.post({ userId, kind: 'allowance', amountNanoUsd, idempotencyKey: allowanceKey(month, userId), reason: `Allowance for ${monthName(month)}`, createdBy: 'system' });
    return true;
  }

  private async lookAgain(userIds: readonly string[], at: Date): Promise<void> {
    if (userIds.length > 0) await this.prisma.creditAccount.updateMany({ where: { userId: { in: [...userIds] } }, data: { allowanceDueAt: at } });
  }
}

function allowanceKey(month: Date, userId: string): string {
  return `allowance:${monthName(month)}:${userId}`;
}

/** e.g. `2026-11` */
function monthName(month: Date): string {
  return month.toISOString().slice(0, 7);
}
