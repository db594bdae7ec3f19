import { type Clock, newId } from '../../common/index.js';
import type { CountOptions, GenerateOptions, LanguageModel, ModelRequest, ModelResponse } from '../language-model.port.js';
import { callCharacters, charactersIn, inputTokens, outputUsage } from './offline-usage.js';
import { plan } from './planner.js';

const WORDS_PER_DELTA = 3;
const WORD_GROUP = new RegExp(`(?:\\s*\\S+){1,${WORDS_PER_DELTA}}\\s*|\\s+`, 'g');

/**
 * The model that needs no key: a planner that follows rules and says so. What it answers depends on the
 * request alone. It has no connection, so the watchdogs and the size bound have nothing to watch.
 */
export class OfflineLanguageModel implements LanguageModel {
  readonly id = 'offline/planner';
  readonly contextWindowTokens = 1_000_000;
  readonly maxOutputTokens = 65_536;

  /** @param delayMs between two pieces of text; for demonstrations, default none */
  constructor(
    private readonly clock: Clock,
    private readonly delayMs = 0,
  ) {}

  async generate(request: ModelRequest, options: GenerateOptions): Promise<ModelResponse> {
    const { signal } = options;
    signal.throwIfAborted();
    const planned = plan(request);
    const maxCharacters = charactersIn(Math.min(request.maxOutputTokens, this.maxOutputTokens));
    const isTooLong = planned.text.length + callCharacters(planned.calls) > maxCharacters;
    const text = planned.text.slice(0, maxCharacters);
    // Half a call is no call: what does not fit is not made.
    const toolCalls = isTooLong ? [] : planned.calls.map((call) => ({ callId: newId(), ...call }));
    const input = inputTokens(request);
    options.onUsage?.(outputUsage(input, 0));
    await this.emit(text, input, options);
    const usage = outputUsage(input, text.length + callCharacters(toolCalls));
    options.onUsage?.(usage);
    const finishReason = isTooLong ? 'length' : 'stop';
    return { answer: { role: 'model', text, toolCalls }, finishReason, rawFinishReason: finishReason, usage };
  }

  async countTokens(request: ModelRequest, { signal }: CountOptions): Promise<number> {
    signal.throwIfAborted();
    return inputTokens(request);
  }

  private async emit(text: string, input: number, { signal, stream, onDelta, onUsage }: GenerateOptions): Promise<void> {
    let sentCharacters = 0;
    for (const piece of stream === false ? [text] : (text.match(WORD_GROUP) ?? [])) {
      if (piece === '') continue;
      if (this.delayMs > 0) await this.clock.sleep(this.delayMs, signal);
      onDelta({ type: 'text', text: piece });
      sentCharacters += piece.length;
      onUsage?.(outputUsage(input, sentCharacters));
      signal.throwIfAborted();
    }
  }
}
