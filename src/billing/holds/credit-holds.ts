import { Inject, Injectable } from '@nestjs/common';
import { AppError, CLOCK, type Clock, type Intent, type NanoUsd } from '../../common/index.js';
import { CONFIG, type Config } from '../../config/index.js';
import { type Database, PrismaService } from '../../database/index.js';
import { type Limits, LIMITS_READER } from '../../limits/index.js';
import { BUSY, GroupCommit } from '../ledger/group-commit.js';
import { ratesFor, withMarkup } from '../prices/cost.js';
import { PriceTable } from '../prices/price-table.js';
import { insufficientCredits } from './insufficient-credits.js';

/** What one model call may cost at most. */
export interface ReserveRequest {
  readonly userId: string;
  readonly runId: string;
  readonly iteration: number;
  readonly attempt: number;
  readonly model: string;
  /** Only kept for the record of a call that gets lost. Default `default`. */
  readonly intent?: Intent;
  /** Ceiling of the prompt, priced as if nothing were cached. */
  readonly inputTokens: number;
  readonly maxOutputTokens: number;
  /** Fewer are not worth a call: it is refused instead. */
  readonly minOutputTokens: number;
  /** How long the hold stands if nobody settles it. */
  readonly leaseMs: number;
  /** Says that the call follows at once, so that a crash from here on may have cost money. Default false. */
  readonly isDispatching?: boolean;
}

export interface Hold {
  /** `runId:iteration:attempt` */
  readonly holdId: string;
  readonly amountNanoUsd: NanoUsd;
  /** What the amount pays for: the request's wish, or less when the credits allow no more. */
  readonly maxOutputTokens: number;
}

type Outcome = { readonly outcome: 'held'; readonly amount: bigint; readonly output_tokens: number } | { readonly outcome: 'short'; readonly available: bigint } | { readonly outcome: 'made'; readonly hold_status: string };

type OutcomeRow = (Outcome | { readonly outcome: 'busy' }) & { readonly position: number };

interface PricedRequest extends ReserveRequest {
  readonly charges: CallCharges;
}

/** The most a call may cost, split into what is fixed and what each output token adds. */
interface CallCharges {
  readonly input: NanoUsd;
  readonly perOutputToken: NanoUsd;
}

export function holdIdOf({ runId, iteration, attempt }: Pick<ReserveRequest, 'runId' | 'iteration' | 'attempt'>): string {
  return `${runId}:${iteration}:${attempt}`;
}

/**
 * Reserves credits before a model call and gives them back when it was not made (I3: Σ open holds = held).
 * Every statement that moves money locks the account's row before any hold's, so that no two can block each other.
 */
@Injectable()
export class CreditHolds {
  private readonly together: GroupCommit<PricedRequest, Outcome>;

  constructor(
    private readonly prisma: PrismaService,
    private readonly prices: PriceTable,
    @Inject(LIMITS_READER) private readonly limits: Limits,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(CONFIG) private readonly config: Config,
  ) {
    this.together = new GroupCommit(
      (requests, mayWait) => this.take(this.prisma, requests, mayWait),
      () => ({ maxBatch: limits.value('billing.maxBatchedCalls'), maxStatements: limits.value('billing.maxLedgerStatements') }),
    );
  }

  /**
   * Sizes and takes the hold in one statement, so that no two calls can promise the same credits. The
   * same call asked for again gets the hold it has, or one of its new size; one that was given back is taken anew.
   * @param database a transaction to take part in; without one, calls of the same moment share a statement
   * @throws AppError `insufficient_credits` saying what is missing; `unpriced_model`; `invalid_state` for
   *   a call that was dispatched or settled before, which needs an attempt number of its own; `queue_full`
   */
  async reserve(request: ReserveRequest, database?: Database): Promise<Hold> {
    const charges = await this.chargesOf(request);
    const holdId = holdIdOf(request);
    const outcome = await (database ? this.takeAlone(database, { ...request, charges }) : this.takeTogether({ ...request, charges }));
    if (outcome.outcome === 'held') return { holdId, amountNanoUsd: outcome.amount, maxOutputTokens: outcome.output_tokens };
    if (outcome.outcome === 'made') throw madeBefore(holdId, outcome.hold_status);
    const requiredNanoUsd = charges.input + charges.perOutputToken * BigInt(request.minOutputTokens);
    throw insufficientCredits({ requiredNanoUsd, availableNanoUsd: outcome.available }, this.config.billing.creditValueNanoUsd);
  }

  /** Gives back what a run holds for calls that were never sent. A call that was sent may have cost money: its hold stays until that is known. */
  async releaseUnsent(runId: string): Promise<void> {
    const now = new Date(this.clock.now());
    await this.prisma.$executeRaw`
      WITH account AS (
        SELECT user_id FROM credit_accounts WHERE user_id = (SELECT user_id FROM credit_holds WHERE run_id = ${runId}::uuid LIMIT 1) FOR UPDATE),
      released AS (
        UPDATE credit_holds h SET status = 'released', settled_at = ${now}::timestamptz
        FROM account a WHERE h.run_id = ${runId}::uuid AND h.user_id = a.user_id AND h.status = 'held' AND h.dispatched_at IS NULL RETURNING h.user_id, h.amount_nano_usd),
      total AS (SELECT user_id, SUM(amount_nano_usd)::bigint AS amount FROM released GROUP BY user_id)
      UPDATE credit_accounts a SET held_nano_usd = a.held_nano_usd - t.amount FROM total t WHERE a.user_id = t.user_id`;
  }

  /** Gives back what nothing was used of; does nothing for a hold that is settled already. */
  async release(holdId: string, database: Database = this.prisma): Promise<void> {
    const now = new Date(this.clock.now());
    await database.$executeRaw`
      WITH account AS (
        SELECT user_id FROM credit_accounts WHERE user_id = (SELECT user_id FROM credit_holds WHERE id = ${holdId}) FOR UPDATE),
      released AS (
        UPDATE credit_holds h SET status = 'released', settled_at = ${now}::timestamptz
        FROM account a WHERE h.id = ${holdId} AND h.user_id = a.user_id AND h.status = 'held' RETURNING h.user_id, h.amount_nano_usd)
      UPDATE credit_accounts a SET held_nano_usd = a.held_nano_usd - r.amount_nano_usd FROM released r WHERE a.user_id = r.user_id`;
  }

  /** Rounding the markup up per token keeps the hold at or above what settling can charge for the same usage. */
  private async chargesOf({ model, inputTokens }: ReserveRequest): Promise<CallCharges> {
    const rates = ratesFor(await this.prices.ratesOf(model), inputTokens);
    const { markupPercent } = this.config.billing;
    return { input: withMarkup(BigInt(inputTokens) * rates.input, markupPercent), perOutputToken: withMarkup(rates.output, markupPercent) };
  }

  private async takeTogether(request: PricedRequest): Promise<Outcome> {
    const maxWaiting = this.limits.value('billing.maxWaitingCalls');
    if (this.together.size >= maxWaiting) {
      throw new AppError('queue_full', `${maxWaiting} model calls wait for their credits to be held. Try again in a moment.`, { retryAfterMs: 1_000, extensions: { limit: 'billing.maxWaitingCalls', value: maxWaiting } });
    }
    return this.together.run(request);
  }

  private async takeAlone(database: Database, request: PricedRequest): Promise<Outcome> {
    const [outcome] = await this.take(database, [request], true);
    if (outcome === undefined || outcome === BUSY) throw new AppError('internal_error', `The hold ${holdIdOf(request)} got no answer.`);
    return outcome;
  }

  /** The function `reserve_credits` of the migrations decides, request by request, under the lock of the account. */
  private async take(database: Database, requests: readonly PricedRequest[], mayWait: boolean): Promise<(Outcome | typeof BUSY)[]> {
    const now = this.clock.now();
    const asked = JSON.stringify(requests.map((request, position) => toRequestRow(request, position, now)));
    const rows = await database.$queryRaw<OutcomeRow[]>`
      SELECT "position", "outcome", "amount", "output_tokens", "available", "hold_status" FROM reserve_credits(${asked}::jsonb, ${mayWait}::boolean) ORDER BY "position"`;
    return rows.map((row) => (row.outcome === 'busy' ? BUSY : row));
  }
}

function toRequestRow(request: PricedRequest, position: number, now: number): Record<string, string | number | boolean> {
  const { userId, runId, model, intent = 'default', inputTokens, maxOutputTokens, minOutputTokens, leaseMs, isDispatching = false, charges } = request;
  return {
    position,
    userId,
    holdId: holdIdOf(request),
    runId,
    model,
    intent,
    inputTokens,
    inputNanoUsd: charges.input.toString(),
    outputTokenNanoUsd: charges.perOutputToken.toString(),
    maxOutputTokens,
    minOutputTokens,
    isDispatching,
    at: new Date(now).toISOString(),
    leaseExpiresAt: new Date(now + leaseMs).toISOString(),
  };
}

function madeBefore(holdId: string, status: string): AppError {
  return new AppError('invalid_state', `The hold ${holdId} is ${status}: its call was made before. Use the next attempt number.`);
}
