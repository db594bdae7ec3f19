import { Body, Controller, Get, Headers, HttpCode, Param, Post } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { AppError, type Principal } from '../../common/index.js';
import { CurrentPrincipal, RequiresScope } from '../../http/index.js';
import { type AdmittedRun, RunAdmission } from '../admission/run-admission.js';
import { type StartRun, startRunSchema } from '../admission/start-run.schema.js';
import { type PendingApproval, ToolApprovals } from '../approvals/tool-approvals.js';
import { EventsUrls } from './events-url.js';
import { runIdSchema } from './run-id.schema.js';
import { RunCanceller } from './run-canceller.js';
import { RunPresenter, type RunView } from './run-presenter.js';
import { RunStore } from './run-store.js';

/** Answer of `GET /api/chat/runs/:runId`; `approvals` are the tool calls that wait for a person. */
type RunAnswer = RunView & { readonly approvals: readonly PendingApproval[]; readonly eventsUrl: string };

@ApiTags('chat')
@RequiresScope('chat')
@Controller('api/chat/runs')
export class RunsController {
  constructor(
    private readonly admission: RunAdmission,
    private readonly canceller: RunCanceller,
    private readonly store: RunStore,
    private readonly presenter: RunPresenter,
    private readonly approvals: ToolApprovals,
    private readonly eventsUrls: EventsUrls,
  ) {}

  @Post()
  @HttpCode(202)
  @ApiOperation({ summary: 'Start a run; follow it at eventsUrl' })
  start(
    @CurrentPrincipal() principal: Principal,
    @Body({ schema: startRunSchema }) body: StartRun,
    @Headers('idempotency-key') idempotencyKey?: string,
  ): Promise<AdmittedRun> {
    return this.admission.start(principal, body, idempotencyKey);
  }

  @Get(':runId')
  @ApiOperation({ summary: 'Status, counters, usage and cost of a run' })
  async find(@CurrentPrincipal() principal: Principal, @Param('runId', { schema: runIdSchema }) runId: string): Promise<RunAnswer> {
    const row = await this.store.find(runId, principal.userId);
    if (!row) throw new AppError('run_not_found', `There is no run ${runId}.`);
    const approvals = row.status === 'waiting' ? await this.approvals.pending(principal.userId, runId) : [];
    return { ...(await this.presenter.present(row)), approvals, eventsUrl: this.eventsUrls.of(principal.userId, runId) };
  }

  @Post(':runId/cancel')
  @HttpCode(202)
  @ApiOperation({ summary: 'Stop a run; harmless when it has ended' })
  async cancel(@CurrentPrincipal() principal: Principal, @Param('runId', { schema: runIdSchema }) runId: string): Promise<{ runId: string; status: string }> {
    await this.canceller.cancel(runId, principal.userId);
    const row = await this.store.find(runId, principal.userId);
    return { runId, status: row?.status ?? 'cancelled' };
  }
}
