import { Body, Controller, Get, Param, Put } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import type { Principal } from '../../common/index.js';
import { CurrentPrincipal, RequiresScope } from '../../http/index.js';
import { ToolPolicies } from './tool-policies.js';
import { type ToolPolicyRule, toolPolicySchema } from './tool-policy.js';

interface ToolPolicyView {
  readonly rules: readonly ToolPolicyRule[];
}

@ApiTags('projects')
@RequiresScope('projects')
@Controller('api/projects/:id/tool-policy')
export class ToolPolicyController {
  constructor(private readonly policies: ToolPolicies) {}

  @Get()
  @ApiOperation({ summary: 'Which tool calls of a project are allowed, ask a person, or are refused; the first rule that matches counts' })
  async read(@Param('id') id: string, @CurrentPrincipal() principal: Principal): Promise<ToolPolicyView> {
    return { rules: await this.policies.read(principal.userId, id) };
  }

  @Put()
  @ApiOperation({ summary: 'Replaces the rules, from the next run on' })
  async replace(@Param('id') id: string, @Body({ schema: toolPolicySchema }) body: ToolPolicyView, @CurrentPrincipal() principal: Principal): Promise<ToolPolicyView> {
    await this.policies.replace(principal.userId, id, body.rules);
    return body;
  }
}
