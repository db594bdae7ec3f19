import { Module } from '@nestjs/common';
import { CreditAccounts } from './accounts/credit-accounts.js';
import { CreditGrants } from './accounts/credit-grants.js';
import { MonthlyAllowance } from './accounts/monthly-allowance.js';
import { AccountStatements } from './api/account-statements.js';
import { BillingAdminController } from './api/billing-admin.controller.js';
import { BillingController } from './api/billing.controller.js';
import { IdempotentRequests } from './api/idempotent-requests.js';
import { BillingService } from './billing.service.js';
import { RunEstimator } from './estimate/run-estimator.js';
import { TokenCalibration } from './estimate/token-calibration.js';
import { TokenEstimator } from './estimate/token-estimator.js';
import { CreditHolds } from './holds/credit-holds.js';
import { HoldSweeper } from './holds/hold-sweeper.js';
import { LedgerReconciliation } from './ledger/ledger-reconciliation.js';
import { Postings } from './ledger/postings.js';
import { RunForgetter } from './ledger/run-forgetter.js';
import { Settlements } from './ledger/settlements.js';
import { PriceBook } from './prices/price-book.js';
import { PriceTable } from './prices/price-table.js';
import { UsageReports } from './usage/usage-reports.js';

/** Credits: what runs may cost, what is held for them, what they used. Needs ConfigModule, DatabaseModule, LimitsModule and CLOCK. */
@Module({
  controllers: [BillingController, BillingAdminController],
  providers: [
    BillingService,
    CreditAccounts,
    CreditGrants,
    MonthlyAllowance,
    CreditHolds,
    HoldSweeper,
    Settlements,
    Postings,
    LedgerReconciliation,
    RunForgetter,
    PriceTable,
    PriceBook,
    RunEstimator,
    TokenEstimator,
    TokenCalibration,
    AccountStatements,
    IdempotentRequests,
    UsageReports,
  ],
  exports: [BillingService, TokenEstimator, TokenCalibration, HoldSweeper, LedgerReconciliation, MonthlyAllowance, RunForgetter],
})
export class BillingModule {}
