import { Controller, Get, Param } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import type { Principal } from '../../common/index.js';
import { CurrentPrincipal, RequiresScope } from '../../http/index.js';
import { runIdSchema } from './run-id.schema.js';
import { RunTimeline, type RunTimelineView } from './run-timeline.js';

@ApiTags('metrics')
@RequiresScope('metrics')
@Controller('api/chat/runs/:runId/timeline')
export class RunTimelineController {
  constructor(private readonly timeline: RunTimeline) {}

  @Get()
  @ApiOperation({ summary: 'Model calls, tool calls and failures of a run in the order of time, in numbers alone. Admins see all runs, others their own.' })
  find(@CurrentPrincipal() principal: Principal, @Param('runId', { schema: runIdSchema }) runId: string): Promise<RunTimelineView> {
    return this.timeline.of(principal, runId);
  }
}
