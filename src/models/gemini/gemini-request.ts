import { FunctionCallingMode, type ToolConfig } from '@google/generative-ai';
import type { ModelRequest, ToolDeclaration } from '../language-model.port.js';
import type { GeminiModelProfile } from './gemini-catalog.js';
import { toGeminiContents } from './gemini-contents.js';
import type { GeminiFunctionDeclaration, GeminiRequest } from './gemini-wire.js';

const CALLING_MODES: Readonly<Record<ModelRequest['toolMode'], FunctionCallingMode>> = {
  auto: FunctionCallingMode.AUTO,
  none: FunctionCallingMode.NONE,
  required: FunctionCallingMode.ANY,
};

/** The same body whether the answer is streamed or not. */
export function toGeminiRequest(request: ModelRequest, modelId: string, profile: GeminiModelProfile): GeminiRequest {
  return {
    contents: toGeminiContents(request.contents, modelId),
    systemInstruction: { role: 'system', parts: [{ text: request.system }] },
    ...toolFields(request),
    generationConfig: {
      maxOutputTokens: Math.min(request.maxOutputTokens, profile.maxOutputTokens),
      ...(profile.thinks && { thinkingConfig: { includeThoughts: true } }),
    },
  };
}

/** Tools stay declared when calls are forbidden: the history mentions them, and the cached prefix stays the same. */
function toolFields({ tools, toolMode }: ModelRequest): Pick<GeminiRequest, 'tools'> & { toolConfig?: ToolConfig } {
  if (tools.length === 0) return {};
  return {
    tools: [{ functionDeclarations: tools.map(toDeclaration) }],
    toolConfig: { functionCallingConfig: { mode: CALLING_MODES[toolMode] } },
  };
}

function toDeclaration({ name, description, inputSchema }: ToolDeclaration): GeminiFunctionDeclaration {
  return { name, description, parametersJsonSchema: inputSchema };
}
