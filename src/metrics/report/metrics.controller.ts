import { Controller, Get, Query } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import type { Principal } from '../../common/index.js';
import { CurrentPrincipal, type Page, RequiresScope } from '../../http/index.js';
import { BreakdownService, type GroupFigures } from './breakdown.service.js';
import { type MetricsReport, MetricsReportService } from './metrics-report.service.js';
import { type BreakdownQuery, breakdownQuerySchema, reportQuerySchema, type ReportQuery, type ReportScope, resolveScope, timeSeriesQuerySchema, type TimeSeriesQuery } from './report-query.js';
import { type TimeSeries, TimeSeriesService } from './time-series.service.js';
import { type ToolFigures, ToolReportService } from './tool-report.service.js';

@ApiTags('metrics')
@RequiresScope('metrics')
@Controller('api/metrics')
export class MetricsController {
  constructor(
    private readonly reports: MetricsReportService,
    private readonly timeSeries: TimeSeriesService,
    private readonly toolReports: ToolReportService,
    private readonly breakdowns: BreakdownService,
  ) {}

  @Get()
  @ApiOperation({ summary: 'What the runs that finished in the last hours came to, compared with the hours before. Admins see all runs unless scope=own.' })
  async report(@CurrentPrincipal() principal: Principal, @Query({ schema: reportQuerySchema }) query: ReportQuery): Promise<MetricsReport & { scope: ReportScope }> {
    const { scope, subject } = resolveScope(principal, query.scope);
    return { ...(await this.reports.report(query.hours, subject)), scope };
  }

  @Get('timeseries')
  @ApiOperation({ summary: 'The same figures per bucket of time, grouped by intent, model, status, pattern or arm. Durations are written as 15m, 24h, 7d.' })
  async series(@CurrentPrincipal() principal: Principal, @Query({ schema: timeSeriesQuerySchema }) query: TimeSeriesQuery): Promise<TimeSeries & { scope: ReportScope }> {
    const { scope, subject } = resolveScope(principal, query.scope);
    const { window: windowMs, bucket: bucketMs, groupBy } = query;
    return { ...(await this.timeSeries.series({ windowMs, bucketMs, groupBy }, subject)), scope };
  }

  @Get('breakdown')
  @ApiOperation({ summary: 'The figures of the last hours for each intent, model, status, failure pattern or experiment arm, the most frequent first.' })
  async breakdown(@CurrentPrincipal() principal: Principal, @Query({ schema: breakdownQuerySchema }) query: BreakdownQuery): Promise<Page<GroupFigures> & { scope: ReportScope }> {
    const { scope, subject } = resolveScope(principal, query.scope);
    return { items: await this.breakdowns.groups(query.hours, query.groupBy, subject), nextCursor: null, scope };
  }

  @Get('tools')
  @ApiOperation({ summary: 'How the most used tools did in the last hours: calls, failures by code, durations.' })
  async tools(@CurrentPrincipal() principal: Principal, @Query({ schema: reportQuerySchema }) query: ReportQuery): Promise<Page<ToolFigures> & { scope: ReportScope }> {
    const { scope, subject } = resolveScope(principal, query.scope);
    return { items: await this.toolReports.tools(query.hours, subject), nextCursor: null, scope };
  }
}
