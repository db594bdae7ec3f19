import type { NanoUsd, TokenUsage } from '../../common/index.js';

/** Nano-USD per token. */
export interface TokenRates {
  readonly input: NanoUsd;
  readonly cachedInput: NanoUsd;
  readonly output: NanoUsd;
}

/** What a model costs, in nano-USD per token, from one date on. */
export interface ModelRates extends TokenRates {
  /** Null for a model without a price, which costs nothing where that is allowed. */
  readonly priceId: string | null;
  readonly longContext?: TokenRates & { readonly threshold: number };
}

export const FREE: ModelRates = { priceId: null, input: 0n, cachedInput: 0n, output: 0n };

/** The long tier holds for the whole request once its prompt is past the threshold. */
export function ratesFor(rates: ModelRates, promptTokens: number): TokenRates {
  return rates.longContext && promptTokens > rates.longContext.threshold ? rates.longContext : rates;
}

/** Cost = (prompt − cached)·input + cached·cached input + tool use·input + (output + thoughts)·output. */
export function costOf(usage: TokenUsage, rates: ModelRates): NanoUsd {
  const { input, cachedInput, output } = ratesFor(rates, usage.inputTokens + usage.toolUseInputTokens);
  const cached = Math.min(usage.cachedInputTokens, usage.inputTokens);
  return (
    BigInt(usage.inputTokens - cached) * input +
    BigInt(cached) * cachedInput +
    BigInt(usage.toolUseInputTokens) * input +
    BigInt(usage.outputTokens + usage.reasoningTokens) * output
  );
}

/** Adds the house's markup, rounded up to a whole nano-USD. */
export function withMarkup(cost: NanoUsd, markupPercent: number): NanoUsd {
  return cost + (cost * BigInt(markupPercent) + 99n) / 100n;
}

/** USD per million tokens → nano-USD per token: both are a factor of 1000 apart, so every published price is a whole number. */
export function nanoUsdPerToken(usdPerMillion: string): NanoUsd {
  const match = /^(\d+)(?:\.(\d{1,3}))?$/.exec(usdPerMillion);
  if (!match) throw new RangeError(`${usdPerMillion} is not a price in USD per million tokens with at most three decimals`);
  return BigInt(match[1] ?? '0') * 1000n + BigInt((match[2] ?? '').padEnd(3, '0'));
}
