import type { FinishReason } from '../language-model.port.js';

/** Google adds words faster than SDKs learn them: an unknown one is `other`. */
const FINISH_REASONS: Readonly<Record<string, FinishReason>> = {
  STOP: 'stop',
  MAX_TOKENS: 'length',
  SAFETY: 'safety',
  RECITATION: 'safety',
  LANGUAGE: 'safety',
  BLOCKLIST: 'safety',
  PROHIBITED_CONTENT: 'safety',
  SPII: 'safety',
  MALFORMED_FUNCTION_CALL: 'malformed_tool_call',
  UNEXPECTED_TOOL_CALL: 'malformed_tool_call',
  TOO_MANY_TOOL_CALLS: 'malformed_tool_call',
};

export function toFinishReason(word: string): FinishReason {
  return Object.hasOwn(FINISH_REASONS, word) ? (FINISH_REASONS[word] ?? 'other') : 'other';
}
