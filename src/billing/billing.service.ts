import { Inject, Injectable } from '@nestjs/common';
import type { NanoUsd } from '../common/index.js';
import { CONFIG, type Config } from '../config/index.js';
import { type Database, PrismaService } from '../database/index.js';
import type { Balance } from './accounts/balance.js';
import { CreditAccounts } from './accounts/credit-accounts.js';
import { type Estimate, type EstimateRequest, RunEstimator } from './estimate/run-estimator.js';
import { formatRunBilling, type RunBillingView } from './format-run-billing.js';
import { CreditHolds, type Hold, type ReserveRequest } from './holds/credit-holds.js';
import { type SettleRequest, type Settlement, Settlements } from './ledger/settlements.js';

/** What billing does for runs: say what they may cost, reserve it, settle what they used. */
@Injectable()
export class BillingService {
  constructor(
    private readonly prisma: PrismaService,
    private readonly accounts: CreditAccounts,
    private readonly holds: CreditHolds,
    private readonly settlements: Settlements,
    private readonly estimator: RunEstimator,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  /** Opens the account of a new user with its sign-up grant. */
  ensureAccount(userId: string): Promise<void> {
    return this.accounts.ensure(this.prisma, userId);
  }

  /**
   * @param database the transaction to take part in, if any
   * @throws AppError `insufficient_credits`, `unpriced_model`
   */
  reserve(request: ReserveRequest, database?: Database): Promise<Hold> {
    return this.holds.reserve(request, database);
  }

  /** How many holds were taken for the calls of an iteration, so that the next one gets a number of its own. */
  callsMade(runId: string, iteration: number): Promise<number> {
    return this.prisma.creditHold.count({ where: { runId, id: { startsWith: `${runId}:${iteration}:` } } });
  }

  settle(request: SettleRequest): Promise<Settlement> {
    return this.settlements.settle(request);
  }

  /** To be called when a run is over: a crash may have left it a hold for a call that was never sent. */
  releaseUnsent(runId: string): Promise<void> {
    return this.holds.releaseUnsent(runId);
  }

  release(holdId: string): Promise<void> {
    return this.holds.release(holdId);
  }

  balance(userId: string): Promise<Balance> {
    return this.accounts.balance(userId);
  }

  estimate(request: EstimateRequest): Promise<Estimate> {
    return this.estimator.estimate(request);
  }

  /** The cost of a run in the words its user reads, with the balance as it is now. */
  async describeRun(run: { userId: string; chargedNanoUsd: NanoUsd; estimatedNanoUsd: NanoUsd }): Promise<RunBillingView> {
    const { availableNanoUsd } = await this.accounts.balance(run.userId);
    return formatRunBilling({ ...run, availableNanoUsd, creditValueNanoUsd: this.config.billing.creditValueNanoUsd });
  }
}
