import type { FailureSignal } from '../../failure-detection/index.js';
import { ModelError, type ModelResponse } from '../../models/index.js';
import { AnswerChants } from './answer-chants.js';

/** The facts of a failed model call; undefined for what ends the run instead (a stop, no credits, our own fault). */
export function signalOfError(error: unknown): FailureSignal | undefined {
  if (error instanceof AnswerChants) return { source: 'run', kind: 'chanting' };
  if (!(error instanceof ModelError)) return undefined;
  const { kind, status, reason, systemCode, retryDelayMs, quotaId } = error;
  return { source: 'model', kind, status, reason, systemCode, retryDelayMs, quotaId, errorText: error.message };
}

/** The facts of an answer that arrived whole and still is no answer; where no tools were offered, calling some is none. */
export function signalOfResponse({ finishReason, rawFinishReason, answer }: ModelResponse, areToolsOffered: boolean, hasReasoned = false): FailureSignal | undefined {
  const isEmpty = answer.text.trim() === '' && !(areToolsOffered && answer.toolCalls.length > 0);
  const isCutOff = finishReason === 'length' && (isEmpty || answer.toolCalls.length > 0); // calls of a cut answer cannot be trusted
  if (finishReason === 'malformed_tool_call' || finishReason === 'safety') return { source: 'model', kind: finishReason, finishReason: rawFinishReason };
  if (isCutOff) return { source: 'model', kind: 'max_tokens', finishReason: rawFinishReason };
  if (isEmpty) return { source: 'model', kind: hasReasoned ? 'thought_only' : 'empty_answer', finishReason: rawFinishReason };
  return undefined;
}
