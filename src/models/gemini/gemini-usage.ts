import { NO_USAGE, type TokenUsage } from '../../common/index.js';
import { isRecord } from '../json.js';

/**
 * Usage is cumulative: the last count of each kind holds. A count that is absent or null, as early
 * chunks have it, leaves the one before.
 */
export function readUsage(metadata: unknown, before: TokenUsage = NO_USAGE): TokenUsage {
  if (!isRecord(metadata)) return before;
  return {
    inputTokens: count(metadata.promptTokenCount, before.inputTokens),
    cachedInputTokens: count(metadata.cachedContentTokenCount, before.cachedInputTokens),
    toolUseInputTokens: count(metadata.toolUsePromptTokenCount, before.toolUseInputTokens),
    outputTokens: count(metadata.candidatesTokenCount, before.outputTokens),
    reasoningTokens: count(metadata.thoughtsTokenCount, before.reasoningTokens),
  };
}

function count(value: unknown, before: number): number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : before;
}
