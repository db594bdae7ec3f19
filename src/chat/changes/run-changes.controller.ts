import { Controller, Get, HttpCode, Param, Post } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import type { Principal } from '../../common/index.js';
import { CurrentPrincipal, RequiresScope } from '../../http/index.js';
import type { RunDiff, UndoneRun } from '../../tools/index.js';
import { runIdSchema } from '../runs/run-id.schema.js';
import { RunChanges } from './run-changes.js';

@ApiTags('chat')
@RequiresScope('chat')
@Controller('api/chat/runs/:runId')
export class RunChangesController {
  constructor(private readonly changes: RunChanges) {}

  @Get('diff')
  @ApiOperation({ summary: 'What a run changed in its workspace, as a unified diff; up to now while it goes on' })
  diff(@CurrentPrincipal() principal: Principal, @Param('runId', { schema: runIdSchema }) runId: string): Promise<RunDiff> {
    return this.changes.diff(principal.userId, runId);
  }

  @Post('undo')
  @HttpCode(200)
  @ApiOperation({ summary: 'Put back all that a run changed; refused when files changed again since, harmless when done already' })
  undo(@CurrentPrincipal() principal: Principal, @Param('runId', { schema: runIdSchema }) runId: string): Promise<UndoneRun> {
    return this.changes.undo(principal.userId, runId);
  }
}
