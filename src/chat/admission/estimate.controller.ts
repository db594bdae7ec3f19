import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import type { Estimate } from '../../billing/index.js';
import { INTENTS, type Principal } from '../../common/index.js';
import { CurrentPrincipal, RequiresScope } from '../../http/index.js';
import { AdmissionPlanner } from './admission-plan.js';

const estimateSchema = z.strictObject({
  message: z.string().refine((text) => text.trim().length > 0, 'must not be empty'),
  conversationId: z.uuid().optional(),
  intent: z.enum(INTENTS).optional(),
  model: z.string().min(1).max(200).optional(),
});

/** Lives here and not in billing because only chat knows the prompt that a message leads to. */
@ApiTags('billing')
@RequiresScope('billing')
@Controller('api/billing/estimate')
export class EstimateController {
  constructor(private readonly planner: AdmissionPlanner) {}

  @Post()
  @HttpCode(200)
  @ApiOperation({ summary: 'What a message would probably cost, and what it cannot exceed' })
  async estimate(@CurrentPrincipal() principal: Principal, @Body({ schema: estimateSchema }) body: z.output<typeof estimateSchema>): Promise<Estimate> {
    const { estimate } = await this.planner.plan(principal, body, this.planner.frame(principal, body));
    return estimate;
  }
}
