import type { CountOptions, GenerateOptions, LanguageModel, ModelRequest, ModelResponse } from '../language-model.port.js';
import { GeminiAnswer } from './gemini-answer.js';
import type { GeminiModelProfile } from './gemini-catalog.js';
import type { GeminiConnection } from './gemini-connection.js';
import { toGeminiRequest } from './gemini-request.js';
import { streamAnswer } from './gemini-stream.js';
import { countTokens, fetchAnswer } from './gemini-unary.js';

export class GeminiLanguageModel implements LanguageModel {
  readonly id: string;
  readonly contextWindowTokens: number;
  readonly maxOutputTokens: number;

  constructor(
    private readonly connection: GeminiConnection,
    private readonly profile: GeminiModelProfile,
  ) {
    this.id = `gemini/${profile.name}`;
    this.contextWindowTokens = profile.contextWindowTokens;
    this.maxOutputTokens = profile.maxOutputTokens;
  }

  async generate(request: ModelRequest, options: GenerateOptions): Promise<ModelResponse> {
    options.signal.throwIfAborted();
    const body = toGeminiRequest(request, this.id, this.profile);
    const answer = new GeminiAnswer(this.id, request, options);
    const receive = options.stream === false ? fetchAnswer : streamAnswer;
    await receive(this.connection, this.profile.name, body, answer, options);
    return answer.complete();
  }

  async countTokens(request: ModelRequest, options: CountOptions): Promise<number> {
    options.signal.throwIfAborted();
    const body = toGeminiRequest(request, this.id, this.profile);
    return countTokens(this.connection, this.profile.name, body, { modelId: this.id, hadOutput: false }, options);
  }
}
