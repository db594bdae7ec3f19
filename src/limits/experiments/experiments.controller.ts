import { Body, Controller, Get, Headers, Param, Patch, Post, Query } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import type { Principal } from '../../common/index.js';
import { AdminOnly, CurrentPrincipal, Idempotency, type Page, type PageQuery, pageQuerySchema, RequiresScope } from '../../http/index.js';
import { type CreateExperiment, createExperimentSchema, type UpdateExperiment, updateExperimentSchema } from './experiment.js';
import { ExperimentReadouts } from './experiment-readouts.service.js';
import type { ExperimentResults } from './experiment-results.js';
import type { ExperimentView } from './experiment-view.js';
import { ExperimentsService } from './experiments.service.js';

@ApiTags('experiments')
@AdminOnly()
@RequiresScope('limits')
@Controller('api/experiments')
export class ExperimentsController {
  constructor(
    private readonly experiments: ExperimentsService,
    private readonly readouts: ExperimentReadouts,
  ) {}

  @Get()
  @ApiOperation({ summary: 'All experiments, the latest first' })
  list(@Query({ schema: pageQuerySchema }) query: PageQuery): Promise<Page<ExperimentView>> {
    return this.experiments.list(query);
  }

  @Post()
  @ApiOperation({ summary: 'Make a draft of an experiment; its first arm is the control' })
  create(
    @Body({ schema: createExperimentSchema }) body: CreateExperiment,
    @CurrentPrincipal() principal: Principal,
    @Headers('idempotency-key') idempotencyKey?: string,
  ): Promise<ExperimentView> {
    const claim = Idempotency.claim(principal.userId, 'POST /api/experiments', idempotencyKey, body);
    return this.experiments.create(body, claim, principal.userId);
  }

  @Get(':id')
  @ApiOperation({ summary: 'One experiment' })
  get(@Param('id') id: string): Promise<ExperimentView> {
    return this.experiments.get(id);
  }

  @Patch(':id')
  @ApiOperation({ summary: 'Edit a draft, start it, raise its traffic, or stop it' })
  update(@Param('id') id: string, @Body({ schema: updateExperimentSchema }) body: UpdateExperiment, @CurrentPrincipal() principal: Principal): Promise<ExperimentView> {
    return this.experiments.update(id, body, principal.userId);
  }

  @Get(':id/results')
  @ApiOperation({ summary: 'What each arm did, against the control' })
  results(@Param('id') id: string): Promise<ExperimentResults & { readonly experiment: ExperimentView }> {
    return this.readouts.results(id);
  }
}
