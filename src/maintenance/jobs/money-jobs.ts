import { Injectable } from '@nestjs/common';
import { HoldSweeper, LedgerReconciliation, MonthlyAllowance } from '../../billing/index.js';
import { Metrics } from '../../metrics/index.js';
import type { ScheduledJob } from '../scheduled-job.js';
import { changesBatch, roundBatch } from './job-batch.js';

const NANO_USD_PER_USD = 1_000_000_000;

/** What keeps credits right. */
@Injectable()
export class MoneyJobs {
  constructor(
    private readonly holds: HoldSweeper,
    private readonly allowance: MonthlyAllowance,
    private readonly reconciliation: LedgerReconciliation,
    private readonly metrics: Metrics,
  ) {}

  list(): ScheduledJob[] {
    return [
      {
        name: 'expired-holds',
        description: 'Settles credit holds whose lease ended.',
        cron: '30 * * * * *',
        scope: 'deployment',
        runBatch: async (batchSize) => changesBatch(await this.holds.sweep(batchSize)),
      },
      {
        name: 'monthly-allowance',
        description: 'Grants the free credits of the month to accounts that lack them.',
        cron: '10 5 * * * *',
        scope: 'deployment',
        runBatch: async (batchSize) => roundBatch(await this.allowance.grantDue(batchSize), batchSize),
      },
      {
        name: 'ledger-reconciliation',
        description: 'Recounts balances, holds and usage against the ledger (I3).',
        cron: '0 30 3 * * *',
        scope: 'deployment',
        runBatch: async (batchSize) => {
          const { accounts, roundDifferenceNanoUsd } = await this.reconciliation.checkNext(batchSize);
          if (roundDifferenceNanoUsd !== undefined) this.metrics.set('lomu_ledger_imbalance_dollars', {}, Number(roundDifferenceNanoUsd) / NANO_USD_PER_USD);
          return roundBatch(accounts, batchSize);
        },
      },
    ];
  }
}
