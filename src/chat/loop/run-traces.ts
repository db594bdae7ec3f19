import { Inject, Injectable } from '@nestjs/common';
import { CLOCK, type Clock, type TokenUsage } from '../../common/index.js';
import { CONFIG, type Config } from '../../config/index.js';
import { PROVIDER_NAMES } from '../../metrics/index.js';
import type { RunEventBody, RunEventWriter } from '../../streaming/index.js';
import { TRACER, type Tracer, type TraceSpan } from '../../tracing/index.js';
import type { RunRow } from '../runs/run-row.js';

/** One model call as a trace tells of it. */
export interface TracedModelCall {
  readonly runId: string;
  readonly model: string;
  readonly durationMs: number;
  readonly firstTokenMs: number | null;
  readonly usage: TokenUsage;
  readonly errorType: string | null;
}

/**
 * Tells a collector of each run: run → iteration → model call or tool call, named as OpenTelemetry names the work of
 * generative AI. It listens to the events that the run writes anyway; message content goes along only when asked for.
 */
@Injectable()
export class RunTraces {
  private readonly running = new Map<string, RunTrace>();

  constructor(
    @Inject(TRACER) private readonly tracer: Tracer | null,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  /** @returns the writer to use instead: the same one when nobody collects traces */
  follow(row: RunRow, writer: RunEventWriter): RunEventWriter {
    if (!this.tracer) return writer;
    const trace = new RunTrace(this.tracer, row, this.config.tracing.withContent);
    this.running.set(row.id, trace);
    return {
      get lastSeq() {
        return writer.lastSeq;
      },
      append: (body) => {
        writer.append(body);
        trace.append(body);
      },
      flush: () => writer.flush(),
    };
  }

  modelCalled(call: TracedModelCall): void {
    this.running.get(call.runId)?.modelCalled(call, this.clock.now() - call.durationMs);
  }

  /** The run is over here, or goes on elsewhere. */
  leave(runId: string): void {
    this.running.get(runId)?.end();
    this.running.delete(runId);
  }
}

/** The open spans of one run. */
class RunTrace {
  private readonly run: TraceSpan;
  private iteration?: TraceSpan;
  private readonly tools = new Map<string, TraceSpan>();

  constructor(
    private readonly tracer: Tracer,
    { id, conversationId, intent, model, createdAt }: RunRow,
    private readonly withContent: boolean,
  ) {
    const attributes = { 'gen_ai.operation.name': 'invoke_agent', 'gen_ai.agent.name': 'lomu', 'gen_ai.conversation.id': conversationId, 'gen_ai.request.model': nameOf(model), 'lomu.run.id': id, 'lomu.run.intent': intent };
    this.run = tracer.startSpan('invoke_agent lomu', { attributes, startedAtMs: createdAt.getTime() });
  }

  append({ type, data }: RunEventBody): void {
    switch (type) {
      case 'iteration.started':
        this.iteration?.end();
        this.iteration = this.tracer.startSpan(`iteration ${data.iteration}`, { parent: this.run, attributes: { 'lomu.iteration': data.iteration } });
        return;
      case 'iteration.completed':
        this.iteration?.end();
        return;
      case 'tool.called':
        this.tools.set(data.callId, this.startTool(data.callId, data.name, data.input));
        return;
      case 'tool.succeeded':
        return this.endTool(data.callId, data.output);
      case 'tool.failed':
        this.tools.get(data.callId)?.fail(data.error.code);
        return this.endTool(data.callId, data.error.message);
      case 'run.completed':
        this.run.add({ 'lomu.run.outcome': 'completed', 'gen_ai.response.finish_reasons': data.finishReason, ...(this.withContent && { 'gen_ai.output.messages': data.message.text }) });
        return;
      case 'run.failed':
        this.run.fail(data.error.pattern ?? data.error.code);
        this.run.add({ 'lomu.run.outcome': 'failed' });
        return;
      case 'run.cancelled':
        this.run.add({ 'lomu.run.outcome': 'cancelled' });
        return;
      default:
        return;
    }
  }

  modelCalled({ model, firstTokenMs, usage, errorType }: TracedModelCall, startedAtMs: number): void {
    const attributes = {
      'gen_ai.operation.name': 'chat',
      'gen_ai.provider.name': providerOf(model),
      'gen_ai.request.model': nameOf(model),
      'gen_ai.usage.input_tokens': usage.inputTokens + usage.toolUseInputTokens,
      'gen_ai.usage.output_tokens': usage.outputTokens + usage.reasoningTokens,
      'gen_ai.usage.cache_read.input_tokens': usage.cachedInputTokens,
      'lomu.time_to_first_token_ms': firstTokenMs ?? undefined,
    };
    const span = this.tracer.startSpan(`chat ${nameOf(model)}`, { parent: this.iteration ?? this.run, attributes, startedAtMs, isClient: true });
    if (errorType !== null) span.fail(errorType);
    span.end();
  }

  end(): void {
    for (const tool of this.tools.values()) tool.end();
    this.iteration?.end();
    this.run.end();
  }

  private startTool(callId: string, name: string, input: unknown): TraceSpan {
    const attributes = { 'gen_ai.operation.name': 'execute_tool', 'gen_ai.tool.name': name, 'gen_ai.tool.call.id': callId, ...(this.withContent && { 'gen_ai.tool.call.arguments': JSON.stringify(input) }) };
    return this.tracer.startSpan(`execute_tool ${name}`, { parent: this.iteration ?? this.run, attributes });
  }

  private endTool(callId: string, output: string): void {
    const span = this.tools.get(callId);
    if (this.withContent) span?.add({ 'gen_ai.tool.call.result': output });
    span?.end();
    this.tools.delete(callId);
  }
}

function providerOf(modelId: string): string {
  const provider = modelId.slice(0, modelId.indexOf('/'));
  return PROVIDER_NAMES[provider] ?? provider;
}

/** OpenTelemetry's model names come without their provider. */
function nameOf(modelId: string): string {
  return modelId.slice(modelId.indexOf('/') + 1);
}
