import { Controller, Get, Query, StreamableFile } from '@nestjs/common';
import { ApiOperation, ApiProduces, ApiTags } from '@nestjs/swagger';
import { AppError, type Principal } from '../../common/index.js';
import { CurrentPrincipal, type Page, type PageQuery, pageQuerySchema, RequiresScope } from '../../http/index.js';
import type { LedgerEntryView } from '../ledger/ledger-entry.view.js';
import { EXPORT_CONTENT_TYPES, exportStream } from '../usage/usage-export.js';
import { type UsageOwner, UsageReports, type UsageSummary } from '../usage/usage-reports.js';
import type { UsageView } from '../usage/usage.view.js';
import { AccountStatements, type BalanceView } from './account-statements.js';
import { type UsageExportQuery, usageExportSchema, type UsageReportQuery, usageReportSchema } from './billing.schemas.js';

@ApiTags('billing')
@RequiresScope('billing')
@Controller('api/billing')
export class BillingController {
  constructor(
    private readonly statements: AccountStatements,
    private readonly reports: UsageReports,
  ) {}

  @Get('balance')
  @ApiOperation({ summary: 'Credits posted, held and available' })
  balance(@CurrentPrincipal() principal: Principal): Promise<BalanceView> {
    return this.statements.balance(principal.userId);
  }

  @Get('ledger')
  @ApiOperation({ summary: 'Every change of the balance, newest first' })
  ledger(@CurrentPrincipal() principal: Principal, @Query({ schema: pageQuerySchema }) query: PageQuery): Promise<Page<LedgerEntryView>> {
    return this.statements.ledger(principal.userId, query);
  }

  @Get('usage')
  @ApiOperation({ summary: 'What each model call used and cost, newest first' })
  usage(@CurrentPrincipal() principal: Principal, @Query({ schema: pageQuerySchema }) query: PageQuery): Promise<Page<UsageView>> {
    return this.reports.list(principal.userId, query);
  }

  @Get('usage/summary')
  @ApiOperation({ summary: 'Usage by day, model and intent' })
  summary(@CurrentPrincipal() principal: Principal, @Query({ schema: usageReportSchema }) query: UsageReportQuery): Promise<UsageSummary> {
    return this.reports.summary(ownerOf(principal, query), query);
  }

  @Get('usage/export')
  @ApiOperation({ summary: 'Every model call of a time, as CSV or JSON' })
  @ApiProduces('text/csv', 'application/json')
  export(@CurrentPrincipal() principal: Principal, @Query({ schema: usageExportSchema }) query: UsageExportQuery): StreamableFile {
    const owner = ownerOf(principal, query);
    const period = this.reports.period(query); // refused before the stream begins, while there is still a status to say it with
    return new StreamableFile(exportStream(this.reports.everyCall(owner, period), query.format), {
      type: EXPORT_CONTENT_TYPES[query.format],
      disposition: `attachment; filename="usage-${period.to.toISOString().slice(0, 10)}.${query.format}"`,
    });
  }
}

function ownerOf({ role, userId }: Principal, { everyone }: UsageReportQuery): UsageOwner {
  if (!everyone) return userId;
  if (role !== 'admin') throw new AppError('forbidden', 'Only an admin sees the usage of everyone.');
  return null;
}
