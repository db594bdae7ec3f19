import type { RunUsage } from '../../streaming/index.js';
import type { TokenUsage } from './ag-ui-event.js';

/** Here reasoning stands beside the output, there it is a part of it. */
export function toTokenUsage({ inputTokens, cachedInputTokens, outputTokens, reasoningTokens, totalTokens }: RunUsage): TokenUsage {
  return { inputTokens, outputTokens: outputTokens + reasoningTokens, totalTokens, reasoningTokens, cachedInputTokens };
}
