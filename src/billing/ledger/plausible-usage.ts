import type { TokenUsage } from '../../common/index.js';

const MOST_TOKENS = 2_000_000_000;

/** What a provider reports reaches money: a count that is no count must not pay anything back or stop the posting of the others. */
export function plausibleUsage(usage: TokenUsage): TokenUsage {
  const inputTokens = count(usage.inputTokens);
  return {
    inputTokens,
    cachedInputTokens: Math.min(count(usage.cachedInputTokens), inputTokens),
    toolUseInputTokens: count(usage.toolUseInputTokens),
    outputTokens: count(usage.outputTokens),
    reasoningTokens: count(usage.reasoningTokens),
  };
}

function count(tokens: number): number {
  return Number.isFinite(tokens) ? Math.min(MOST_TOKENS, Math.max(0, Math.round(tokens))) : 0;
}
