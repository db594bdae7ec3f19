import type { TokenUsage } from '../../common/index.js';
import { isRecord } from '../json.js';

/** `completion_tokens` includes the reasoning ones, which the port counts apart. */
export function readUsage(usage: unknown): TokenUsage | undefined {
  if (!isRecord(usage)) return undefined;
  const completion = count(usage.completion_tokens);
  const reasoning = Math.min(completion, detail(usage.completion_tokens_details, 'reasoning_tokens'));
  const input = count(usage.prompt_tokens);
  return {
    inputTokens: input,
    cachedInputTokens: Math.min(input, detail(usage.prompt_tokens_details, 'cached_tokens')),
    toolUseInputTokens: 0,
    outputTokens: completion - reasoning,
    reasoningTokens: reasoning,
  };
}

function detail(details: unknown, key: string): number {
  return isRecord(details) ? count(details[key]) : 0;
}

function count(value: unknown): number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : 0;
}
