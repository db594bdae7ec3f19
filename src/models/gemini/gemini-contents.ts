import type { FunctionCall } from '@google/generative-ai';
import type { ModelAnswer, ModelContent, ToolCallRequest, ToolCallResult } from '../language-model.port.js';
import type { GeminiContent, GeminiPart } from './gemini-wire.js';

/** Google's documented stand-in for the signature of a call that another model made. */
const FOREIGN_SIGNATURE = 'skip_thought_signature_validator';

/** Told to the model when a call has no result, which it may not be left without. */
const NO_RESULT = 'No result of this call was recorded.';

type ToolContent = Extract<ModelContent, { role: 'tool' }>;

/**
 * The history in Gemini's words. A model's own parts go back exactly as they came, signatures included;
 * another model's answer is rebuilt from what it said. Each answer with calls is followed by one content
 * with as many responses, as the service demands.
 */
export function toGeminiContents(contents: readonly ModelContent[], modelId: string): GeminiContent[] {
  const result: GeminiContent[] = [];
  contents.forEach((content, index) => {
    if (content.role === 'user') result.push({ role: 'user', parts: [{ text: content.text }] });
    if (content.role !== 'model') return;
    const parts = answerParts(content, modelId);
    if (parts.length > 0) result.push({ role: 'model', parts });
    const next = contents[index + 1];
    const responses = responseParts(content, parts, next?.role === 'tool' ? next : undefined);
    if (responses.length > 0) result.push({ role: 'user', parts: responses });
  });
  return result;
}

function answerParts(answer: ModelAnswer, modelId: string): GeminiPart[] {
  // The parts are Gemini's own: this adapter put them there.
  if (answer.raw?.model === modelId) return [...(answer.raw.parts as readonly GeminiPart[])];
  const text: GeminiPart[] = answer.text === '' ? [] : [{ text: answer.text }];
  const calls = answer.toolCalls.map(({ name, input }, index): GeminiPart => {
    const part: GeminiPart = { functionCall: { name, args: asObject(input) } };
    return index === 0 ? { ...part, thoughtSignature: FOREIGN_SIGNATURE } : part;
  });
  return [...text, ...calls];
}

function responseParts(answer: ModelAnswer, parts: readonly GeminiPart[], results: ToolContent | undefined): GeminiPart[] {
  const sentCalls = parts.flatMap((part) => part.functionCall ?? []);
  const responses = answer.toolCalls.map((call, index) => responsePart(call, sentCalls[index], resultOf(call, results)));
  const nudge: GeminiPart[] = results?.nudge ? [{ text: results.nudge }] : [];
  return [...responses, ...nudge];
}

/** The response names the id of the call as it was sent, if it had one; ours may differ. */
function responsePart(call: ToolCallRequest, sent: (FunctionCall & { id?: string }) | undefined, result: ToolCallResult | undefined): GeminiPart {
  const response = result?.ok ? { output: result.output } : { error: result?.output ?? NO_RESULT };
  return { functionResponse: { ...(sent?.id !== undefined && { id: sent.id }), name: call.name, response } };
}

function resultOf(call: ToolCallRequest, content: ToolContent | undefined): ToolCallResult | undefined {
  return content?.results.find((result) => result.callId === call.callId);
}

function asObject(input: unknown): object {
  return typeof input === 'object' && input !== null ? input : {};
}
