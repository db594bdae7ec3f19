import type { TokenUsage } from '../../common/index.js';
import { isRecord, type JsonRecord } from '../json.js';
import type { FinishReason, GenerateOptions, ModelRequest, ModelResponse } from '../language-model.port.js';
import { type CallProgress, failure, fromErrorDocument, malformed } from './openai-failure.js';
import { assistantMessage } from './openai-messages.js';
import { OpenAiToolCalls } from './openai-tool-calls.js';
import { readUsage } from './openai-usage.js';

const FINISH_REASONS: Readonly<Record<string, FinishReason>> = { stop: 'stop', tool_calls: 'stop', function_call: 'stop', length: 'length', content_filter: 'safety' };
const NO_USAGE = readUsage({}) as TokenUsage;

/** One answer while it arrives, in pieces or whole. Believes nothing about the shape of what it is given. */
export class OpenAiAnswer implements CallProgress {
  usage: TokenUsage | undefined;
  hadOutput = false;
  private text = '';
  private rawFinishReason: string | undefined;
  private readonly calls: OpenAiToolCalls;

  constructor(
    readonly modelId: string,
    request: ModelRequest,
    private readonly listeners: Pick<GenerateOptions, 'onDelta' | 'onUsage'>,
  ) {
    const taken = request.contents.flatMap((content) => (content.role === 'model' ? content.toolCalls.map(({ callId }) => callId) : []));
    this.calls = new OpenAiToolCalls(new Set(taken));
  }

  /** True when nothing that may still go wrong with the connection can take anything from the answer. */
  get isFinished(): boolean {
    return this.rawFinishReason !== undefined;
  }

  /** @throws ModelError when the document is an error, or no answer at all */
  accept(document: unknown): void {
    if (!isRecord(document)) throw malformed(this);
    if (document.error !== undefined && document.error !== null) throw fromErrorDocument(document.error, this);
    const usage = readUsage(document.usage);
    if (usage) {
      this.usage = usage;
      this.listeners.onUsage?.(usage);
    }
    if (!Array.isArray(document.choices)) throw malformed(this);
    const choice: unknown = document.choices[0]; // the document with the usage has none
    if (choice !== undefined) this.acceptChoice(choice);
  }

  /** @throws ModelError when no finish reason has come */
  complete(): ModelResponse {
    if (this.rawFinishReason === undefined) throw failure(this, 'stream_truncated', 'The answer ended without a finish reason.');
    const calls = this.calls.complete();
    const finishReason = calls ? (FINISH_REASONS[this.rawFinishReason] ?? 'other') : this.rawFinishReason === 'length' ? 'length' : 'malformed_tool_call';
    return {
      answer: { role: 'model', text: this.text, toolCalls: calls?.requests ?? [], raw: { model: this.modelId, parts: assistantMessage(this.text, calls?.wire ?? []) } },
      finishReason,
      rawFinishReason: this.rawFinishReason,
      usage: this.usage ?? NO_USAGE,
    };
  }

  private acceptChoice(choice: unknown): void {
    if (!isRecord(choice)) throw malformed(this);
    const piece = choice.delta ?? choice.message;
    if (isRecord(piece)) this.acceptPiece(piece);
    if (typeof choice.finish_reason === 'string' && choice.finish_reason !== '') this.rawFinishReason = choice.finish_reason;
  }

  private acceptPiece(piece: JsonRecord): void {
    this.say('reasoning', piece.reasoning_content ?? piece.reasoning);
    this.say('text', piece.content ?? piece.refusal);
    if (piece.tool_calls !== undefined && piece.tool_calls !== null && !this.calls.accept(piece.tool_calls)) throw malformed(this);
  }

  private say(type: 'text' | 'reasoning', text: unknown): void {
    if (typeof text !== 'string' || text === '') return;
    this.hadOutput = true;
    if (type === 'text') this.text += text;
    this.listeners.onDelta({ type, text });
  }
}
