/** Tokens of one model call or of a whole run. `cachedInputTokens` is a part of `inputTokens`; all others are disjoint. */
export interface TokenUsage {
  readonly inputTokens: number;
  readonly cachedInputTokens: number;
  /** Prompt tokens added by tools on the provider's side. */
  readonly toolUseInputTokens: number;
  /** Visible output, thoughts not included. */
  readonly outputTokens: number;
  readonly reasoningTokens: number;
}

export const NO_USAGE: TokenUsage = Object.freeze({
  inputTokens: 0,
  cachedInputTokens: 0,
  toolUseInputTokens: 0,
  outputTokens: 0,
  reasoningTokens: 0,
});

export function addUsage(a: TokenUsage, b: TokenUsage): TokenUsage {
  return {
    inputTokens: a.inputTokens + b.inputTokens,
    cachedInputTokens: a.cachedInputTokens + b.cachedInputTokens,
    toolUseInputTokens: a.toolUseInputTokens + b.toolUseInputTokens,
    outputTokens: a.outputTokens + b.outputTokens,
    reasoningTokens: a.reasoningTokens + b.reasoningTokens,
  };
}

export function totalTokens(usage: TokenUsage): number {
  return usage.inputTokens + usage.toolUseInputTokens + usage.outputTokens + usage.reasoningTokens;
}
