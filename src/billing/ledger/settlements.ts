import { Inject, Injectable } from '@nestjs/common';
import { AppError, CLOCK, type Clock, type Intent, newId, type NanoUsd, type TokenUsage } from '../../common/index.js';
import { CONFIG, type Config } from '../../config/index.js';
import { PrismaService } from '../../database/index.js';
import { type Limits, LIMITS_READER } from '../../limits/index.js';
import { type Balance, toBalance } from '../accounts/balance.js';
import { type BalanceLevel, levelOf } from '../accounts/balance-level.js';
import { CreditAccounts } from '../accounts/credit-accounts.js';
import { costOf, withMarkup } from '../prices/cost.js';
import { PriceTable } from '../prices/price-table.js';
import { BUSY, GroupCommit } from './group-commit.js';
import { plausibleUsage } from './plausible-usage.js';

/** What a model call really used. */
export interface SettleRequest {
  readonly holdId: string;
  readonly userId: string;
  readonly runId: string;
  readonly iteration: number;
  readonly attempt: number;
  readonly intent: Intent;
  readonly model: string;
  readonly usage: TokenUsage;
  /** The call broke off: the usage is the last that was seen. */
  readonly isPartial: boolean;
  /** The call repeats one of the same iteration that failed on our side. */
  readonly isSystemRetry: boolean;
}

export interface Settlement {
  /** By the provider's price. */
  readonly costNanoUsd: NanoUsd;
  /** What the user's ledger was charged. */
  readonly chargedNanoUsd: NanoUsd;
  /** As it is now. */
  readonly balance: Balance;
  readonly level: BalanceLevel;
  /** Before this charge; a change for the worse is worth a warning. */
  readonly previousLevel: BalanceLevel;
}

/** A call in money, before what earlier attempts of it have paid is taken off. */
interface Charge {
  readonly priceId: string | null;
  readonly costNanoUsd: NanoUsd;
  readonly fullNanoUsd: NanoUsd;
  /** False: what the other attempts of this iteration were charged counts towards this one. */
  readonly paysForRetries: boolean;
}

interface PostedColumns {
  readonly cost: bigint;
  readonly charged: bigint;
  readonly posted: bigint;
  readonly held: bigint;
  readonly allowance: bigint;
}

type Outcome = ({ readonly outcome: 'posted' | 'posted before' } & PostedColumns) | { readonly outcome: 'unknown' };

type OutcomeRow = (Outcome | { readonly outcome: 'busy' }) & { readonly position: number };

interface ChargedRequest extends SettleRequest {
  readonly charge: Charge;
}

/**
 * Posts real usage exactly once per hold (I3), also past the hold or after it expired: debts are kept,
 * never forgotten. However many attempts the system needed for a call, its user pays for the dearest one
 * and the house for the rest, unless `billing.chargeSystemRetries`.
 */
@Injectable()
export class Settlements {
  private readonly together: GroupCommit<ChargedRequest, Outcome>;

  constructor(
    private readonly prisma: PrismaService,
    private readonly accounts: CreditAccounts,
    private readonly prices: PriceTable,
    @Inject(LIMITS_READER) private readonly limits: Limits,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(CONFIG) private readonly config: Config,
  ) {
    this.together = new GroupCommit(
      (requests, mayWait) => this.post(requests, mayWait),
      () => ({ maxBatch: limits.value('billing.maxBatchedCalls'), maxStatements: limits.value('billing.maxLedgerStatements') }),
    );
  }

  /** Settling a hold again changes nothing and answers as the first time, with the balance of now. Never refused for load: what was used is owed. */
  async settle(request: SettleRequest): Promise<Settlement> {
    const usage = plausibleUsage(request.usage);
    const charged = { ...request, usage, charge: await this.chargeOf({ ...request, usage }) };
    const outcome = await this.together.run(charged);
    if (outcome.outcome !== 'unknown') return toSettlement(outcome);
    await this.accounts.ensure(this.prisma, request.userId); // usage is posted even for a user who has no account yet
    const late = await this.together.run(charged);
    if (late.outcome === 'unknown') throw new AppError('internal_error', `The usage of ${request.holdId} could not be posted.`);
    return toSettlement(late);
  }

  /** By the price that was in force when the call was held, however late its usage turns up. */
  private async chargeOf({ holdId, model, usage }: SettleRequest): Promise<Charge> {
    const hold = this.prices.hasChangedLately(model) ? await this.prisma.creditHold.findUnique({ where: { id: holdId }, select: { createdAt: true } }) : null;
    const rates = await this.prices.ratesOf(model, hold?.createdAt);
    const costNanoUsd = costOf(usage, rates);
    return {
      priceId: rates.priceId,
      costNanoUsd,
      fullNanoUsd: withMarkup(costNanoUsd, this.config.billing.markupPercent),
      paysForRetries: this.limits.value('billing.chargeSystemRetries'),
    };
  }

  /**
   * The function `settle_usage` of the migrations: usage, capture of the hold, account and ledger move together
   * or not at all. Lost calls are the ones with presumed usage, which the real one replaces.
   */
  private async post(requests: readonly ChargedRequest[], mayWait: boolean): Promise<(Outcome | typeof BUSY)[]> {
    const at = new Date(this.clock.now()).toISOString();
    const asked = JSON.stringify(requests.map((request, position) => ({ ...toRequestRow(request), position, at })));
    const rows = await this.prisma.$queryRaw<OutcomeRow[]>`
      SELECT "position", "outcome", "cost", "charged", "posted", "held", "allowance" FROM settle_usage(${asked}::jsonb, ${mayWait}::boolean) ORDER BY "position"`;
    return rows.map((row) => (row.outcome === 'busy' ? BUSY : row));
  }
}

function toRequestRow({ usage, charge, ...request }: ChargedRequest): Record<string, string | number | boolean | null> {
  return {
    ...request,
    ...usage,
    usageId: newId(),
    entryId: newId(),
    priceId: charge.priceId,
    costNanoUsd: charge.costNanoUsd.toString(),
    fullNanoUsd: charge.fullNanoUsd.toString(),
    paysForRetries: charge.paysForRetries,
    reason: `${request.model}, iteration ${request.iteration}`,
  };
}

function toSettlement({ outcome, cost, charged, posted, held, allowance }: Exclude<Outcome, { outcome: 'unknown' }>): Settlement {
  return {
    costNanoUsd: cost,
    chargedNanoUsd: charged,
    balance: toBalance(posted, held),
    level: levelOf(posted, allowance),
    previousLevel: levelOf(outcome === 'posted' ? posted + charged : posted, allowance),
  };
}
