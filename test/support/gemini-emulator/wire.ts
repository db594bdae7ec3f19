/** The parts of Gemini's REST wire format that the emulator speaks. */

export interface WirePart {
  readonly text?: string;
  readonly thought?: boolean;
  readonly thoughtSignature?: string;
  readonly functionCall?: WireFunctionCall;
  readonly functionResponse?: WireFunctionResponse;
}

export interface WireFunctionCall {
  readonly id?: string;
  readonly name: string;
  readonly args?: unknown;
}

export interface WireFunctionResponse {
  readonly id?: string;
  readonly name: string;
  readonly response: unknown;
}

export interface WireContent {
  readonly role?: string;
  readonly parts: readonly WirePart[];
}

export interface WireFunctionDeclaration {
  readonly name: string;
  readonly description?: string;
  readonly parameters?: unknown;
  readonly parametersJsonSchema?: unknown;
}

export interface WireRequest {
  readonly contents: readonly WireContent[];
  readonly systemInstruction?: WireContent;
  readonly tools?: readonly { readonly functionDeclarations?: readonly WireFunctionDeclaration[] }[];
  readonly toolConfig?: { readonly functionCallingConfig?: { readonly mode?: string; readonly allowedFunctionNames?: readonly string[] } };
  readonly generationConfig?: {
    readonly maxOutputTokens?: number;
    readonly temperature?: number;
    readonly thinkingConfig?: { readonly includeThoughts?: boolean; readonly thinkingLevel?: string; readonly thinkingBudget?: number };
  };
}

/** Cumulative within a stream; the buckets of `totalTokenCount` are disjoint, cached tokens are a part of the prompt. */
export interface WireUsage {
  readonly promptTokenCount: number;
  readonly cachedContentTokenCount?: number;
  readonly toolUsePromptTokenCount?: number;
  readonly candidatesTokenCount?: number;
  readonly thoughtsTokenCount?: number;
  readonly totalTokenCount: number;
}

export interface WireResponse {
  readonly candidates?: readonly {
    readonly content?: { readonly role: 'model'; readonly parts: readonly WirePart[] };
    readonly finishReason?: string;
    readonly finishMessage?: string;
    readonly index: number;
  }[];
  readonly promptFeedback?: { readonly blockReason: string };
  readonly usageMetadata?: WireUsage;
  readonly modelVersion: string;
  readonly responseId: string;
}
