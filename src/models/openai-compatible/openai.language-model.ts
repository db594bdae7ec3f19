import type { CountOptions, GenerateOptions, LanguageModel, ModelRequest, ModelResponse } from '../language-model.port.js';
import { tryParseJson } from '../json.js';
import { callForEvents } from '../transport/event-stream-call.js';
import { callForJson } from '../transport/json-call.js';
import { TransportFault } from '../transport/transport-fault.js';
import { OpenAiAnswer } from './openai-answer.js';
import type { OpenAiConnection } from './openai-connection.js';
import { failure, fromTransportFault, malformed } from './openai-failure.js';
import { toOpenAiRequest } from './openai-request.js';

/** What ends a stream. */
const DONE = '[DONE]';
/** An answer of one token, of which only the usage is looked at. */
const COUNTING_BYTES = 1024 * 1024;

export interface OpenAiModelSizes {
  readonly contextWindowTokens: number;
  readonly maxOutputTokens: number;
}

/** A model of any endpoint that speaks OpenAI's chat completions API, e.g. Ollama, vLLM, llama.cpp or OpenAI. */
export class OpenAiLanguageModel implements LanguageModel {
  readonly id: string;
  readonly contextWindowTokens: number;
  readonly maxOutputTokens: number;

  constructor(
    private readonly connection: OpenAiConnection,
    private readonly name: string,
    sizes: OpenAiModelSizes,
  ) {
    this.id = `openai/${name}`;
    this.contextWindowTokens = sizes.contextWindowTokens;
    this.maxOutputTokens = sizes.maxOutputTokens;
  }

  async generate(request: ModelRequest, options: GenerateOptions): Promise<ModelResponse> {
    options.signal.throwIfAborted();
    const answer = new OpenAiAnswer(this.id, request, options);
    const isStreamed = options.stream !== false;
    try {
      if (isStreamed) await this.stream(request, options, answer);
      else await this.fetch(request, { ...options, timeoutMs: options.firstByteTimeoutMs + options.idleTimeoutMs }, answer);
    } catch (error) {
      if (!(error instanceof TransportFault)) throw error;
      // The finish reason comes last: whatever happened to the connection afterwards took nothing but the usage.
      if (!answer.isFinished) throw fromTransportFault(error, answer);
    }
    return answer.complete();
  }

  /** There is nothing that counts: asks for a single token and reads what the prompt came to. */
  async countTokens(request: ModelRequest, { signal, timeoutMs }: CountOptions): Promise<number> {
    signal.throwIfAborted();
    const counted: ModelRequest = { ...request, maxOutputTokens: 1 };
    const answer = new OpenAiAnswer(this.id, counted, { onDelta: () => undefined });
    await this.fetch(counted, { signal, timeoutMs, maxResponseBytes: COUNTING_BYTES }, answer).catch((error: unknown) => {
      throw error instanceof TransportFault ? fromTransportFault(error, answer) : error;
    });
    if (!answer.usage) throw malformed(answer);
    return answer.usage.inputTokens;
  }

  private stream(request: ModelRequest, options: GenerateOptions, answer: OpenAiAnswer): Promise<void> {
    const { signal, firstByteTimeoutMs, idleTimeoutMs, maxResponseBytes } = options;
    return callForEvents(this.connection.pool, this.connection.clock, {
      ...this.call(request, true),
      signal,
      firstByteTimeoutMs,
      idleTimeoutMs,
      maxResponseBytes,
      onEvent: (data, isUnterminated) => {
        if (data.trim() === DONE) return;
        const document = tryParseJson(data);
        if (document === undefined) throw isUnterminated ? failure(answer, 'stream_truncated', 'The answer was cut off.') : malformed(answer);
        answer.accept(document);
      },
    });
  }

  private async fetch(request: ModelRequest, options: CountOptions & Pick<GenerateOptions, 'maxResponseBytes'>, answer: OpenAiAnswer): Promise<void> {
    const { signal, timeoutMs, maxResponseBytes } = options;
    const body = await callForJson(this.connection.pool, this.connection.clock, { ...this.call(request, false), signal, timeoutMs, maxResponseBytes });
    const document = tryParseJson(body);
    if (document === undefined) throw malformed(answer);
    answer.accept(document);
  }

  private call(request: ModelRequest, stream: boolean) {
    const { url, headers, isOpenAi } = this.connection;
    const body = toOpenAiRequest(request, { modelId: this.id, name: this.name, maxOutputTokens: this.maxOutputTokens, isOpenAi }, stream);
    return { url, headers, body: JSON.stringify(body) };
  }
}
