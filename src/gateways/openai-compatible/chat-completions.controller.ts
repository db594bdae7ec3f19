import { Body, Controller, Get, Headers, Inject, Post, Res, UseFilters } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { Response } from 'express';
import { type AdmittedRun, classifyIntent, RunAdmission, RunCanceller } from '../../chat/index.js';
import { CLOCK, type Clock, type Principal } from '../../common/index.js';
import { CurrentPrincipal, RequiresScope } from '../../http/index.js';
import { ModelRegistry } from '../../models/index.js';
import { type RunStreamRequest, RunStreams, writeEventStream } from '../../streaming/index.js';
import { type ChatCompletionRequest, chatCompletionSchema } from './chat-completion.schema.js';
import { foldMessages } from './chat-message.js';
import { writeWhole } from './completion-response.js';
import { type CompletionHead, CompletionStreamProtocol, WholeCompletionProtocol } from './completion.stream-protocol.js';
import { OpenAiErrorFilter } from './openai-error.filter.js';

const IDEMPOTENCY_SCOPE = 'POST /v1/chat/completions';

/** Shows runs to clients of OpenAI's chat completions. They cannot resume, so a run ends when its client has gone. */
@ApiTags('openai')
@RequiresScope('chat')
@Controller('v1')
@UseFilters(OpenAiErrorFilter)
export class ChatCompletionsController {
  constructor(
    private readonly admission: RunAdmission,
    private readonly canceller: RunCanceller,
    private readonly streams: RunStreams,
    private readonly models: ModelRegistry,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  @Get('models')
  @ApiOperation({ summary: 'The models, as OpenAI lists them' })
  list(): object {
    const data = this.models.list().map(({ id }) => ({ id, object: 'model', created: 0, owned_by: id.split('/', 1)[0] }));
    return { object: 'list', data };
  }

  @Post('chat/completions')
  @ApiOperation({ summary: 'Run a message as an OpenAI chat completion, streamed or whole' })
  @ApiOkResponse({ description: 'A chat.completion, or text/event-stream of chat.completion.chunk' })
  async complete(
    @CurrentPrincipal() principal: Principal,
    @Body({ schema: chatCompletionSchema }) body: ChatCompletionRequest,
    @Res() response: Response,
    @Headers('idempotency-key') idempotencyKey?: string,
  ): Promise<void> {
    const run = await this.start(principal, body, idempotencyKey);
    const head = { id: `chatcmpl-${run.runId}`, created: Math.floor(this.clock.now() / 1000), model: run.model };
    try {
      await this.show(response, { runId: run.runId, afterSeq: 0, userId: principal.userId }, head, body);
    } catch (error) {
      // Nobody learns of this run. With a key the client may come back for it, or is with it already.
      if (idempotencyKey === undefined) await this.canceller.cancel(run.runId, principal.userId, 'not_shown');
      throw error;
    }
  }

  private start(principal: Principal, { messages, model }: ChatCompletionRequest, idempotencyKey: string | undefined): Promise<AdmittedRun> {
    const { asked, message } = foldMessages(messages);
    const request = { message, title: asked, intent: classifyIntent(asked).intent, model, onBusy: 'reject', onDisconnect: 'cancel' } as const;
    return this.admission.start(principal, request, idempotencyKey, IDEMPOTENCY_SCOPE);
  }

  private async show(response: Response, source: RunStreamRequest, head: CompletionHead, body: ChatCompletionRequest): Promise<void> {
    if (body.stream) {
      const protocol = new CompletionStreamProtocol(head, body.stream_options?.include_usage === true);
      writeEventStream(response, await this.streams.open(source, response, protocol));
      return;
    }
    const protocol = new WholeCompletionProtocol();
    writeWhole(response, await this.streams.open(source, response, protocol), head, protocol);
  }
}
