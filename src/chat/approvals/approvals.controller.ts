import { Body, Controller, HttpCode, Param, Post } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import type { Principal } from '../../common/index.js';
import { CurrentPrincipal, RequiresScope } from '../../http/index.js';
import { runIdSchema } from '../runs/run-id.schema.js';
import { approvalAnswerSchema, callIdSchema } from './approval.schemas.js';
import { type AnsweredApproval, type ApprovalRequest, ToolApprovals } from './tool-approvals.js';

@ApiTags('chat')
@RequiresScope('chat')
@Controller('api/chat/runs/:runId/approvals')
export class ApprovalsController {
  constructor(private readonly approvals: ToolApprovals) {}

  @Post(':callId')
  @HttpCode(200)
  @ApiOperation({ summary: 'Say yes or no to a tool call that waits for a person; the same answer again is harmless' })
  answer(
    @CurrentPrincipal() principal: Principal,
    @Param('runId', { schema: runIdSchema }) runId: string,
    @Param('callId', { schema: callIdSchema }) callId: string,
    @Body({ schema: approvalAnswerSchema }) body: ApprovalRequest,
  ): Promise<AnsweredApproval> {
    return this.approvals.answer(principal.userId, runId, callId, body);
  }
}
