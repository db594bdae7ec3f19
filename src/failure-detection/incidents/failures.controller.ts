import { Controller, Get, Query } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import type { Principal } from '../../common/index.js';
import { CurrentPrincipal, type Page, RequiresScope } from '../../http/index.js';
import { type IncidentQuery, incidentQuerySchema, type PatternQuery, patternQuerySchema } from './failures.schemas.js';
import { IncidentList, type IncidentView } from './incident-list.js';
import { type PatternReport, PatternReporter } from './pattern-report.js';

@ApiTags('failures')
@RequiresScope('metrics')
@Controller('api/failures')
export class FailuresController {
  constructor(
    private readonly incidents: IncidentList,
    private readonly reporter: PatternReporter,
  ) {}

  @Get()
  @ApiOperation({ summary: 'Failures that runs met, the newest first, with what was done and how it went. Admins see all, others their own.' })
  list(@CurrentPrincipal() principal: Principal, @Query({ schema: incidentQuerySchema }) query: IncidentQuery): Promise<Page<IncidentView>> {
    return this.incidents.page(principal, query);
  }

  @Get('patterns')
  @ApiOperation({ summary: 'All known failure patterns with how often each came in a window (24h, 7d) and how often it was recovered from.' })
  patterns(@CurrentPrincipal() principal: Principal, @Query({ schema: patternQuerySchema }) { window }: PatternQuery): Promise<PatternReport & { nextCursor: null }> {
    return this.reporter.report(principal, window).then((report) => ({ ...report, nextCursor: null }));
  }
}
