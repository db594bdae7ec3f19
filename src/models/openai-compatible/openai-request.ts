import type { ModelRequest } from '../language-model.port.js';
import { toMessages } from './openai-messages.js';
import type { OpenAiRequest } from './openai-wire.js';

export interface RequestTarget {
  readonly modelId: string;
  readonly name: string;
  readonly maxOutputTokens: number;
  /** OpenAI itself, whose newer models refuse the older name of the output bound. */
  readonly isOpenAi: boolean;
}

/** The same body whether the answer is streamed or not, but for the wish itself. */
export function toOpenAiRequest(request: ModelRequest, target: RequestTarget, stream: boolean): OpenAiRequest {
  const maxTokens = Math.min(request.maxOutputTokens, target.maxOutputTokens);
  return {
    model: target.name,
    messages: toMessages(request.system, request.contents, target.modelId),
    ...toolFields(request),
    ...(target.isOpenAi ? { max_completion_tokens: maxTokens } : { max_tokens: maxTokens }),
    ...(stream && { stream, stream_options: { include_usage: true } }),
  };
}

function toolFields({ tools, toolMode }: ModelRequest): Pick<OpenAiRequest, 'tools' | 'tool_choice'> {
  if (tools.length === 0) return {};
  return {
    tools: tools.map(({ name, description, inputSchema }) => ({ type: 'function', function: { name, description, parameters: inputSchema } })),
    tool_choice: toolMode,
  };
}
