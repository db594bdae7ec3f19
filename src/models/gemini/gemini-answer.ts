import { newId, type TokenUsage } from '../../common/index.js';
import type { GenerateOptions, ModelRequest, ModelResponse, ToolCallRequest } from '../language-model.port.js';
import type { ModelError } from '../model-error.js';
import { type CallProgress, failure, malformed } from './gemini-failure.js';
import { toFinishReason } from './gemini-finish-reason.js';
import { readUsage } from './gemini-usage.js';
import { readGoogleError } from './google-error.js';
import { isRecord, type JsonRecord } from '../json.js';

/** One answer while it arrives. Takes responses as parsed from the wire and believes nothing about their shape. */
export class GeminiAnswer implements CallProgress {
  usage: TokenUsage | undefined;
  hadOutput = false;
  private text = '';
  private readonly parts: JsonRecord[] = [];
  private readonly toolCalls: ToolCallRequest[] = [];
  private readonly takenCallIds: Set<string>;
  private rawFinishReason: string | undefined;

  constructor(
    readonly modelId: string,
    request: ModelRequest,
    private readonly listeners: Pick<GenerateOptions, 'onDelta' | 'onUsage'>,
  ) {
    this.takenCallIds = new Set(request.contents.flatMap((content) => (content.role === 'model' ? content.toolCalls.map((call) => call.callId) : [])));
  }

  /** True when nothing that may still go wrong with the connection can take anything from the answer. */
  get isFinished(): boolean {
    return this.rawFinishReason !== undefined;
  }

  /** @throws ModelError when the response is an error, a refusal, or none at all */
  accept(response: unknown): void {
    if (!isRecord(response)) throw malformed(this);
    if (isRecord(response.error)) throw this.googleError(response.error);
    if (isRecord(response.usageMetadata)) {
      this.usage = readUsage(response.usageMetadata, this.usage);
      this.listeners.onUsage?.(this.usage);
    }
    const candidate: unknown = Array.isArray(response.candidates) ? response.candidates[0] : undefined;
    if (isRecord(candidate)) this.acceptCandidate(candidate);
    else if (isRecord(response.promptFeedback) && typeof response.promptFeedback.blockReason === 'string') throw this.blocked(response.promptFeedback.blockReason);
  }

  /** @throws ModelError when no finish reason has come */
  complete(): ModelResponse {
    if (this.rawFinishReason === undefined) throw failure(this, 'stream_truncated', 'The answer ended without a finish reason.');
    return {
      answer: { role: 'model', text: this.text, toolCalls: this.toolCalls, raw: { model: this.modelId, parts: this.parts } },
      finishReason: toFinishReason(this.rawFinishReason),
      rawFinishReason: this.rawFinishReason,
      usage: this.usage ?? readUsage(undefined),
    };
  }

  private acceptCandidate(candidate: JsonRecord): void {
    const { content, finishReason } = candidate;
    if (isRecord(content) && Array.isArray(content.parts)) for (const part of content.parts) this.acceptPart(part);
    if (typeof finishReason === 'string' && finishReason !== '' && finishReason !== 'FINISH_REASON_UNSPECIFIED') this.rawFinishReason = finishReason;
  }

  private acceptPart(part: unknown): void {
    if (!isRecord(part)) throw malformed(this);
    if (part.functionCall !== undefined) this.acceptCall(part.functionCall);
    this.keepPart(part);
    if (typeof part.text !== 'string' || part.text === '') return;
    this.hadOutput = true;
    if (part.thought !== true) this.text += part.text;
    this.listeners.onDelta({ type: part.thought === true ? 'reasoning' : 'text', text: part.text });
  }

  private acceptCall(call: unknown): void {
    if (!isRecord(call) || typeof call.name !== 'string') throw malformed(this);
    const given = typeof call.id === 'string' && call.id !== '' && !this.takenCallIds.has(call.id) ? call.id : undefined;
    const callId = given ?? newId();
    this.takenCallIds.add(callId);
    this.toolCalls.push({ callId, name: call.name, input: call.args ?? {} });
  }

  /**
   * Parts go back as they came. Only the pieces of one unsigned text are joined, as the service itself
   * does when it does not stream; it forbids joining anything with a signature.
   */
  private keepPart(part: JsonRecord): void {
    const last = this.parts.at(-1);
    const isText = isBareText(part);
    if (isText && part.text === '') return;
    if (isText && last && isBareText(last) && last.thought === part.thought) this.parts[this.parts.length - 1] = { ...last, text: last.text + part.text };
    else this.parts.push(part);
  }

  private googleError(error: JsonRecord): ModelError {
    const facts = readGoogleError(error);
    return failure(this, 'http', facts.message, facts);
  }

  private blocked(reason: string): ModelError {
    return failure(this, 'blocked', `The prompt was refused (${reason}).`, { reason });
  }
}

function isBareText(part: JsonRecord): part is { text: string; thought?: unknown } {
  if (typeof part.text !== 'string') return false;
  const size = Object.keys(part).length;
  return size === 1 || (size === 2 && part.thought !== undefined);
}
