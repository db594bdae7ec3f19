import type { Content, FunctionDeclaration, FunctionDeclarationsTool, GenerateContentRequest, GenerationConfig, Part } from '@google/generative-ai';

/** A part with what the SDK's types do not know yet. */
export type GeminiPart = Part & { readonly thought?: boolean; readonly thoughtSignature?: string };

export interface GeminiContent extends Content {
  parts: GeminiPart[];
}

export interface GeminiFunctionDeclaration extends FunctionDeclaration {
  /** JSON Schema as it is; `parameters` would want Google's own dialect of it. */
  readonly parametersJsonSchema: Readonly<Record<string, unknown>>;
}

export interface GeminiTool extends FunctionDeclarationsTool {
  functionDeclarations: GeminiFunctionDeclaration[];
}

/** The body of both generate calls. */
export interface GeminiRequest extends GenerateContentRequest {
  contents: GeminiContent[];
  systemInstruction: Content;
  tools?: GeminiTool[];
  generationConfig: GenerationConfig & { thinkingConfig?: { readonly includeThoughts: boolean } };
}
