import type { ModelAnswer, ModelContent, ToolCallRequest } from '../language-model.port.js';
import type { OpenAiMessage, OpenAiToolCall } from './openai-wire.js';

/** Told to the model when a call has no result, which the API does not allow. */
const NO_RESULT = 'No result of this call was recorded.';

/**
 * The history in the API's words. A model's own messages go back as they came; another model's are rebuilt. Each message with calls
 * is followed by one message per call, and only then by what the model is told besides.
 */
export function toMessages(system: string, contents: readonly ModelContent[], modelId: string): OpenAiMessage[] {
  const messages: OpenAiMessage[] = [{ role: 'system', content: system }];
  contents.forEach((content, index) => {
    if (content.role === 'user') messages.push({ role: 'user', content: content.text });
    if (content.role !== 'model') return;
    messages.push(...answerMessages(content, modelId));
    const next = contents[index + 1];
    const results = next?.role === 'tool' ? next : undefined;
    for (const { callId } of content.toolCalls) {
      const result = results?.results.find((candidate) => candidate.callId === callId);
      messages.push({ role: 'tool', tool_call_id: callId, content: result ? `${result.ok ? '' : 'Error: '}${result.output}` : NO_RESULT });
    }
    if (results?.nudge) messages.push({ role: 'user', content: results.nudge });
  });
  return messages;
}

/** The message of an answer, as it is kept and sent back. Empty for an answer of nothing. */
export function assistantMessage(text: string, calls: readonly OpenAiToolCall[]): OpenAiMessage[] {
  if (text === '' && calls.length === 0) return [];
  return [{ role: 'assistant', content: text === '' ? null : text, ...(calls.length > 0 && { tool_calls: calls }) }];
}

function answerMessages(answer: ModelAnswer, modelId: string): readonly OpenAiMessage[] {
  // The parts are this adapter's own: it put them there.
  if (answer.raw?.model === modelId) return answer.raw.parts as readonly OpenAiMessage[];
  return assistantMessage(answer.text, answer.toolCalls.map(toWireCall));
}

function toWireCall({ callId, name, input }: ToolCallRequest): OpenAiToolCall {
  return { id: callId, type: 'function', function: { name, arguments: JSON.stringify(input ?? {}) } };
}
