import type { ServerResponse } from 'node:http';
import { Controller, Get, Headers, Param, Query, Res, UseFilters } from '@nestjs/common';
import { ApiHeader, ApiNoContentResponse, ApiOkResponse, ApiOperation, ApiParam, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import type { Principal } from '../../common/index.js';
import { AcceptsTicket, CurrentPrincipal, ProblemFilter, RequiresScope } from '../../http/index.js';
import { writeEventStream } from '../connection/event-stream-response.js';
import { RunStreams } from '../connection/run-streams.js';
import { parseCursor } from './cursor.js';
import { NATIVE_PROTOCOL } from './native.stream-protocol.js';
import { NothingMoreFilter } from './nothing-more.filter.js';

const eventsQuerySchema = z.strictObject({
  after: z.string().optional().describe('Id of the last event you have; Last-Event-ID goes before it.'),
  ticket: z.string().optional().describe('In place of credentials, for EventSource.'),
});

@ApiTags('runs')
@RequiresScope('chat')
@Controller('api/chat/runs')
@UseFilters(ProblemFilter, NothingMoreFilter)
export class RunEventsController {
  constructor(private readonly streams: RunStreams) {}

  @AcceptsTicket()
  @Get(':runId/events')
  @ApiOperation({ summary: 'Watch a run: all its events, then those that come, until its terminal event' })
  @ApiParam({ name: 'runId' })
  @ApiHeader({ name: 'Last-Event-ID', required: false, description: 'Id of the last event you have; EventSource sends it by itself.' })
  @ApiOkResponse({ description: 'text/event-stream', content: { 'text/event-stream': { schema: { type: 'string' } } } })
  @ApiNoContentResponse({ description: 'The run has ended and you have its terminal event.' })
  async watch(
    @Param('runId') runId: string,
    @Headers('last-event-id') lastEventId: string | undefined,
    @Query({ schema: eventsQuerySchema }) query: z.output<typeof eventsQuerySchema>,
    @CurrentPrincipal() principal: Principal,
    @Res() response: ServerResponse,
  ): Promise<void> {
    const afterSeq = parseCursor(lastEventId, query.after);
    writeEventStream(response, await this.streams.open({ runId, afterSeq, userId: principal.userId }, response, NATIVE_PROTOCOL));
  }
}
