import { Inject, Injectable } from '@nestjs/common';
import { AppError, CLOCK, type Clock, fromCredits, newId } from '../../common/index.js';
import { CONFIG, type Config } from '../../config/index.js';
import { type Database, PrismaService } from '../../database/index.js';
import { type Balance, toBalance } from './balance.js';
import { startOfNextMonth } from './calendar-month.js';

/** One account per user, opened with its sign-up grant on first sight. */
@Injectable()
export class CreditAccounts {
  constructor(
    private readonly prisma: PrismaService,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  /** Harmless when the account exists: the grant comes with the account's row or not at all. */
  async ensure(database: Database, userId: string): Promise<void> {
    const { signupCredits, creditValueNanoUsd } = this.config.billing;
    const grant = fromCredits(signupCredits, creditValueNanoUsd);
    const now = new Date(this.clock.now());
    await database.$executeRaw`
      WITH opened AS (
        INSERT INTO credit_accounts (user_id, posted_nano_usd, allowance_nano_usd, allowance_due_at, created_at)
        VALUES (${userId}, ${grant}::bigint, ${grant}::bigint, ${startOfNextMonth(now.getTime())}::timestamptz, ${now}::timestamptz)
        ON CONFLICT (user_id) DO NOTHING RETURNING user_id)
      INSERT INTO ledger_entries (id, user_id, kind, amount_nano_usd, balance_nano_usd, idempotency_key, reason, created_by, created_at)
      SELECT ${newId()}::uuid, user_id, 'grant', ${grant}::bigint, ${grant}::bigint, ${`signup:${userId}`}, 'Sign-up grant', 'system', ${now}::timestamptz
      FROM opened WHERE ${grant}::bigint > 0`;
  }

  /** @throws AppError `user_not_found` for a user who has never been here */
  async balance(userId: string): Promise<Balance> {
    const account = await this.prisma.creditAccount.findUnique({ where: { userId } });
    if (!account) throw new AppError('user_not_found', `${userId} has no credit account yet.`);
    return toBalance(account.postedNanoUsd, account.heldNanoUsd);
  }
}
