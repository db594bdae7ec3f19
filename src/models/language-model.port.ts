import type { TokenUsage } from '../common/index.js';

/** `provider/model`, e.g. `gemini/gemini-3.6-flash`. */
export type ModelId = string;

/** A model of one provider. Every adapter passes test/conformance/language-model.conformance.ts. */
export interface LanguageModel {
  readonly id: ModelId;
  readonly contextWindowTokens: number;
  readonly maxOutputTokens: number;
  /**
   * One call. Text and reasoning reach `onDelta` while they arrive; everything is in the response as well.
   * @param signal aborting it closes the connection to the provider at once and rejects with the signal's reason
   * @throws ModelError for everything else that goes wrong, a stream that ends without a finish reason included
   */
  generate(request: ModelRequest, options: GenerateOptions): Promise<ModelResponse>;
  /** Input tokens the request would be billed for, asked of the provider: exact and not free of delay. */
  countTokens(request: ModelRequest, options: CountOptions): Promise<number>;
}

export interface CountOptions {
  readonly signal: AbortSignal;
  readonly timeoutMs: number;
}

export interface GenerateOptions {
  readonly signal: AbortSignal;
  /** Called synchronously in order; must not throw. */
  readonly onDelta: (delta: ModelDelta) => void;
  /** Called with the cumulative usage each time the provider reports it, so that an aborted call can be billed. Must not throw. */
  readonly onUsage?: (usage: TokenUsage) => void;
  /** Silence before the first byte of the answer, connecting included. */
  readonly firstByteTimeoutMs: number;
  /** Silence between two pieces of the answer. */
  readonly idleTimeoutMs: number;
  readonly maxResponseBytes: number;
  /**
   * False asks for a single answer, the last resort when streams keep breaking. Nothing comes before everything
   * does, so the two timeouts add up to one. Default true.
   */
  readonly stream?: boolean;
}

export type ModelDelta = { readonly type: 'text' | 'reasoning'; readonly text: string };

export interface ModelRequest {
  readonly system: string;
  readonly contents: readonly ModelContent[];
  readonly tools: readonly ToolDeclaration[];
  /** `none` forbids calls, `required` forces one. */
  readonly toolMode: 'auto' | 'none' | 'required';
  readonly maxOutputTokens: number;
}

/** A tool as the model sees it; `inputSchema` is JSON Schema. */
export interface ToolDeclaration {
  readonly name: string;
  readonly description: string;
  readonly inputSchema: Readonly<Record<string, unknown>>;
}

export type ModelContent =
  | { readonly role: 'user'; readonly text: string }
  | ModelAnswer
  /** The results of all calls of the answer before it, in the order of the calls. */
  | { readonly role: 'tool'; readonly results: readonly ToolCallResult[]; readonly nudge?: string };

/** What a model answered. `raw` holds the provider's own parts and goes back to it verbatim. */
export interface ModelAnswer {
  readonly role: 'model';
  readonly text: string;
  readonly toolCalls: readonly ToolCallRequest[];
  readonly raw?: RawParts;
}

/** Signed parts are only meaningful to the model that made them. */
export interface RawParts {
  readonly model: ModelId;
  readonly parts: readonly unknown[];
}

export interface ToolCallRequest {
  /** Unique within the run; made by the adapter when the provider gives none. */
  readonly callId: string;
  readonly name: string;
  readonly input: unknown;
}

export interface ToolCallResult {
  readonly callId: string;
  readonly name: string;
  readonly ok: boolean;
  readonly output: string;
}

/** `stop`: finished or wants its tools run; `length`: out of output tokens; the others explain themselves. */
export type FinishReason = 'stop' | 'length' | 'safety' | 'malformed_tool_call' | 'other';

export interface ModelResponse {
  readonly answer: ModelAnswer;
  readonly finishReason: FinishReason;
  /** The provider's own word for it. */
  readonly rawFinishReason: string;
  readonly usage: TokenUsage;
}
