import { Body, Controller, HttpCode, Post, Res } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { Response } from 'express';
import { startWith } from 'rxjs';
import type { Principal } from '../../common/index.js';
import { CurrentPrincipal, RequiresScope } from '../../http/index.js';
import { RunStreams, writeEventStream } from '../../streaming/index.js';
import { AgUiRuns } from './ag-ui-runs.js';
import { AgUiStreamProtocol } from './ag-ui.stream-protocol.js';
import { type RunAgentInput, runAgentInputSchema } from './run-agent-input.schema.js';
import { SharedFrames } from './shared-frames.js';

/** Shows runs to clients of AG-UI 1.0. They have no cursor: the same run again is all of it again. */
@ApiTags('ag-ui')
@RequiresScope('chat')
@Controller('api/ag-ui')
export class AgUiController {
  private readonly shared = new SharedFrames();

  constructor(
    private readonly runs: AgUiRuns,
    private readonly streams: RunStreams,
  ) {}

  @Post()
  @HttpCode(200)
  @ApiOperation({ summary: 'Run a message as an AG-UI run, or show the run again when threadId and runId are known' })
  @ApiOkResponse({ description: 'text/event-stream of AG-UI events', content: { 'text/event-stream': { schema: { type: 'string' } } } })
  async run(@CurrentPrincipal() principal: Principal, @Body({ schema: runAgentInputSchema }) body: RunAgentInput, @Res() response: Response): Promise<void> {
    const run = await this.runs.open(principal, body);
    const protocol = new AgUiStreamProtocol(run, body.messages, this.shared);
    const frames = await this.streams.open({ runId: run.lomuRunId, afterSeq: 0, userId: principal.userId }, response, protocol);
    writeEventStream(response, frames.pipe(startWith(...protocol.opening())));
  }
}
