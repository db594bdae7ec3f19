import { Body, Controller, Get, Headers, HttpCode, Param, Post, Query, Res, UseFilters } from '@nestjs/common';
import { ApiHeader, ApiNoContentResponse, ApiOkResponse, ApiOperation, ApiParam, ApiTags } from '@nestjs/swagger';
import type { Response } from 'express';
import { clientIdSchema } from '../../chat/index.js';
import type { Principal } from '../../common/index.js';
import { CurrentPrincipal, RequiresScope } from '../../http/index.js';
import { RunStreams, writeEventStream } from '../../streaming/index.js';
import { AiSdkChats, type ShownRun } from './ai-sdk-chats.js';
import { AiSdkErrorFilter } from './ai-sdk-error.filter.js';
import { type ChatRequest, chatRequestSchema, type ResumeQuery, resumeQuerySchema } from './chat-request.schema.js';
import { turnOf } from './chat-turn.js';
import { SharedTellings } from './shared-tellings.js';
import { UiMessageStreamProtocol } from './ui-message.stream-protocol.js';

const EVENT_STREAM = { description: 'A UI message stream', content: { 'text/event-stream': { schema: { type: 'string' as const } } } };

/** Shows runs to `useChat` of AI SDK 5 and 6. A chat's id is the client's choice; leaving does not stop a run. */
@ApiTags('ai-sdk')
@RequiresScope('chat')
@Controller('api/chat')
@UseFilters(AiSdkErrorFilter)
export class AiSdkChatController {
  private readonly tellings = { asking: new SharedTellings(), others: new SharedTellings() };

  constructor(
    private readonly chats: AiSdkChats,
    private readonly streams: RunStreams,
  ) {}

  @Post()
  @HttpCode(200)
  @ApiHeader({ name: 'idempotency-key', required: false, description: 'The same key and request again is the same run; needed only where messages have no id.' })
  @ApiOperation({ summary: 'Run the last message of a chat, or answer what its run asks, as a UI message stream of the AI SDK' })
  @ApiOkResponse(EVENT_STREAM)
  async send(
    @CurrentPrincipal() principal: Principal,
    @Body({ schema: chatRequestSchema }) body: ChatRequest,
    @Res() response: Response,
    @Headers('idempotency-key') idempotencyKey?: string,
  ): Promise<void> {
    const turn = turnOf(body.messages);
    const run = turn.kind === 'message' ? await this.chats.start(principal, body, turn.text, idempotencyKey) : await this.chats.answer(principal, body, turn.answers);
    await this.show(principal, response, run, body.toolApprovals);
  }

  @Get(':id/stream')
  @ApiOperation({ summary: 'The run that goes on in a chat, from its beginning' })
  @ApiParam({ name: 'id', description: 'The id that the client gave its chat.' })
  @ApiOkResponse(EVENT_STREAM)
  @ApiNoContentResponse({ description: 'Nothing goes on, or there is no such chat yet.' })
  async resume(
    @CurrentPrincipal() principal: Principal,
    @Param('id', { schema: clientIdSchema }) id: string,
    @Query({ schema: resumeQuerySchema }) { toolApprovals }: ResumeQuery,
    @Res() response: Response,
  ): Promise<void> {
    const run = await this.chats.resume(principal, id);
    if (run) await this.show(principal, response, run, toolApprovals);
    else response.status(204).end();
  }

  @Post(':id/stop')
  @HttpCode(202)
  @ApiOperation({ summary: 'Stop what goes on in a chat; again is harmless' })
  @ApiParam({ name: 'id', description: 'The id that the client gave its chat.' })
  async stop(@CurrentPrincipal() principal: Principal, @Param('id', { schema: clientIdSchema }) id: string): Promise<{ runIds: string[] }> {
    return { runIds: await this.chats.stop(principal, id) };
  }

  private async show({ userId }: Principal, response: Response, { head, answered, answeredNow }: ShownRun, isInProtocol: boolean): Promise<void> {
    const tellings = isInProtocol ? this.tellings.asking : this.tellings.others;
    const protocol = new UiMessageStreamProtocol(head, { isInProtocol, answered: new Set(answered) }, tellings, answeredNow);
    const frames = await this.streams.open({ runId: head.runId, afterSeq: 0, userId }, response, protocol);
    response.setHeader('x-vercel-ai-ui-message-stream', 'v1');
    writeEventStream(response, frames);
  }
}
