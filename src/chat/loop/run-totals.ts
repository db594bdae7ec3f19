import { addUsage, NO_USAGE, type TokenUsage, totalTokens } from '../../common/index.js';
import type { RunUsage } from '../../streaming/index.js';

/** What a run has used so far. */
export interface RunTotals {
  readonly usage: TokenUsage;
  readonly modelCalls: number;
  readonly toolCalls: number;
  readonly retries: number;
  readonly iterations: number;
  readonly chargedNanoUsd: bigint;
  /** From the start of the run to the first text or reasoning, the time in the queue included. */
  readonly timeToFirstTokenMs: number | null;
  /** Time in which tokens flowed: the basis of `tokensPerSecond`. */
  readonly generationMs: number;
}

export const NO_TOTALS: RunTotals = Object.freeze({
  usage: NO_USAGE,
  modelCalls: 0,
  toolCalls: 0,
  retries: 0,
  iterations: 0,
  chargedNanoUsd: 0n,
  timeToFirstTokenMs: null,
  generationMs: 0,
});

export interface ModelCallTotals {
  readonly usage: TokenUsage;
  readonly chargedNanoUsd: bigint;
  readonly generationMs: number;
}

export function addModelCall(totals: RunTotals, call: ModelCallTotals): RunTotals {
  return {
    ...totals,
    usage: addUsage(totals.usage, call.usage),
    modelCalls: totals.modelCalls + 1,
    chargedNanoUsd: totals.chargedNanoUsd + call.chargedNanoUsd,
    generationMs: totals.generationMs + call.generationMs,
  };
}

export function toRunUsage(totals: RunTotals, durationMs: number): RunUsage {
  return {
    inputTokens: totals.usage.inputTokens + totals.usage.toolUseInputTokens,
    cachedInputTokens: totals.usage.cachedInputTokens,
    outputTokens: totals.usage.outputTokens,
    reasoningTokens: totals.usage.reasoningTokens,
    totalTokens: totalTokens(totals.usage),
    modelCalls: totals.modelCalls,
    toolCalls: totals.toolCalls,
    durationMs,
    timeToFirstTokenMs: totals.timeToFirstTokenMs,
    tokensPerSecond: tokensPerSecond(totals),
  };
}

/** Output and reasoning tokens per second of generation; null when nothing was generated. */
export function tokensPerSecond(totals: RunTotals): number | null {
  const tokens = totals.usage.outputTokens + totals.usage.reasoningTokens;
  if (tokens === 0 || totals.generationMs <= 0) return null;
  return Math.round((tokens * 100_000) / totals.generationMs) / 100;
}
