import { Inject, Injectable, Logger } from '@nestjs/common';
import { CLOCK, type Clock } from '../../common/index.js';
import { type Database, Prisma, PrismaService } from '../../database/index.js';

interface SweptHold {
  readonly id: string;
  readonly is_lost: boolean;
}

const MAX_LOGGED = 20;

/**
 * Frees credits held for calls that nobody settled in time. A call that was never dispatched used nothing.
 * One that was is lost: its provider may have been paid, so it gets a usage record of what is known of it,
 * the prompt, which charges nobody. Real usage that still turns up is posted all the same and replaces it.
 */
@Injectable()
export class HoldSweeper {
  private readonly logger = new Logger(HoldSweeper.name);

  constructor(
    private readonly prisma: PrismaService,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** @returns how many holds, at most `batchSize`, were freed; those of an account that is busy wait for the next pass */
  async sweep(batchSize: number): Promise<number> {
    const isDue = Prisma.sql`h.lease_expires_at < ${this.now()}::timestamptz`;
    return this.expire(this.prisma, isDue, Prisma.sql`ORDER BY h.lease_expires_at LIMIT ${batchSize}`, Prisma.sql`FOR UPDATE SKIP LOCKED`);
  }

  /** Frees what runs that have ended still hold, as if its time were over. */
  async sweepRuns(runIds: readonly string[], database: Database): Promise<void> {
    await this.expire(database, Prisma.sql`h.run_id = ANY(${[...runIds]}::uuid[])`, Prisma.empty, Prisma.sql`FOR UPDATE`);
  }

  /** In one statement: holds, accounts and presumed usage. Accounts are locked before holds, as everywhere. */
  private async expire(database: Database, isDue: Prisma.Sql, bound: Prisma.Sql, lock: Prisma.Sql): Promise<number> {
    const now = this.now();
    const swept = await database.$queryRaw<SweptHold[]>`
      WITH due AS (
        SELECT h.id, h.user_id FROM credit_holds h WHERE h.status = 'held' AND ${isDue} ${bound}),
      account AS (
        SELECT user_id FROM credit_accounts WHERE user_id IN (SELECT user_id FROM due) ${lock}),
      expired AS (
        UPDATE credit_holds h SET status = CASE WHEN h.dispatched_at IS NULL THEN 'expired' ELSE 'lost' END, settled_at = ${now}::timestamptz
        FROM due d JOIN account a ON a.user_id = d.user_id WHERE h.id = d.id AND h.status = 'held' AND ${isDue}
        RETURNING h.id, h.user_id, h.run_id, h.amount_nano_usd, h.model, h.intent, h.input_tokens, h.status = 'lost' AS is_lost, h.created_at),
      freed AS (
        UPDATE credit_accounts a SET held_nano_usd = a.held_nano_usd - s.amount
        FROM (SELECT user_id, SUM(amount_nano_usd)::bigint AS amount FROM expired GROUP BY user_id) s WHERE a.user_id = s.user_id),
      presumed AS (
        INSERT INTO usage_records (id, hold_id, user_id, run_id, iteration, attempt, intent, model, price_id, input_tokens, cached_input_tokens, tool_use_input_tokens, output_tokens, reasoning_tokens,
          cost_nano_usd, charged_nano_usd, is_partial, is_presumed, created_at)
        SELECT gen_random_uuid(), e.id, e.user_id, e.run_id, split_part(e.id, ':', 2)::int, split_part(e.id, ':', 3)::int, e.intent, e.model, p.id, e.input_tokens, 0, 0, 0, 0,
          e.input_tokens * COALESCE(CASE WHEN e.input_tokens > p.long_context_threshold THEN p.long_input_nano_usd END, p.input_nano_usd, 0), 0, true, true, ${now}::timestamptz
        FROM expired e LEFT JOIN LATERAL (
          SELECT * FROM model_prices WHERE model = e.model AND effective_from <= e.created_at ORDER BY effective_from DESC LIMIT 1) p ON true
        WHERE e.is_lost ON CONFLICT (hold_id) DO NOTHING)
      SELECT id, is_lost FROM expired`;
    const lost = swept.filter((hold) => hold.is_lost).map((hold) => hold.id);
    if (lost.length > 0) this.logger.warn({ message: 'model calls were lost: nobody said what they used, and nobody is charged for them', count: lost.length, holdIds: lost.slice(0, MAX_LOGGED) });
    return swept.length;
  }

  private now(): Date {
    return new Date(this.clock.now());
  }
}
