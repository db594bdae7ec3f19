import { Inject, Injectable } from '@nestjs/common';
import { CLOCK, type Clock } from '../common/index.js';
import { type Database, PrismaService } from '../database/index.js';
import { LIMITS_READER, type Limits } from '../limits/index.js';
import { ExpiringCache } from './expiring-cache.js';

/** The accounts behind principals. An account comes to be when its user is first seen. */
@Injectable()
export class Accounts {
  private readonly plans: ExpiringCache<string>;

  constructor(
    private readonly prisma: PrismaService,
    @Inject(LIMITS_READER) limits: Limits,
    @Inject(CLOCK) clock: Clock,
  ) {
    this.plans = new ExpiringCache(limits, clock);
  }

  /**
   * Makes sure the account exists.
   * @param plan what a trusted issuer says the plan is now; unset keeps the account's own
   * @returns the account's plan
   */
  async seen(userId: string, plan?: string): Promise<string> {
    const known = this.plans.get(userId);
    if (known !== undefined && (plan === undefined || plan === known)) return known;
    const current = await ensureAccount(this.prisma, userId, plan);
    this.plans.set(userId, current);
    return current;
  }
}

/** Idempotent, also under concurrency. */
export async function ensureAccount(database: Database, userId: string, plan?: string): Promise<string> {
  const existing = await database.account.findUnique({ where: { id: userId } });
  if (existing && (plan === undefined || plan === existing.plan)) return existing.plan;
  if (existing) await database.account.update({ where: { id: userId }, data: { plan } });
  else await database.account.createMany({ data: [{ id: userId, plan }], skipDuplicates: true });
  const account = await database.account.findUniqueOrThrow({ where: { id: userId } });
  return account.plan;
}
