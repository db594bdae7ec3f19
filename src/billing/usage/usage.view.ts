import { type NanoUsd, toCredits } from '../../common/index.js';
import type { Prisma } from '../../database/index.js';

export type UsageRow = Prisma.UsageRecordGetPayload<object>;

/** One model call as people read it. The order of the members is that of the columns of the export. */
export interface UsageView {
  readonly id: string;
  readonly createdAt: string;
  readonly userId: string;
  /** Null once the run is deleted. */
  readonly runId: string | null;
  readonly iteration: number;
  readonly attempt: number;
  readonly model: string;
  readonly intent: string;
  readonly inputTokens: number;
  readonly cachedInputTokens: number;
  readonly toolUseInputTokens: number;
  readonly outputTokens: number;
  readonly reasoningTokens: number;
  readonly credits: number;
  /** By the provider's price. */
  readonly costNanoUsd: string;
  readonly chargedNanoUsd: string;
  readonly priceId: string | null;
  /** The call broke off; this is the last usage that was seen. */
  readonly isPartial: boolean;
  readonly isSystemRetry: boolean;
  /** The call was lost with its instance; only its prompt is known, and nothing is charged. */
  readonly isPresumed: boolean;
}

export function presentUsage(row: UsageRow, creditValueNanoUsd: NanoUsd): UsageView {
  return {
    id: row.id,
    createdAt: row.createdAt.toISOString(),
    userId: row.userId,
    runId: row.runId,
    iteration: row.iteration,
    attempt: row.attempt,
    model: row.model,
    intent: row.intent,
    inputTokens: row.inputTokens,
    cachedInputTokens: row.cachedInputTokens,
    toolUseInputTokens: row.toolUseInputTokens,
    outputTokens: row.outputTokens,
    reasoningTokens: row.reasoningTokens,
    credits: toCredits(row.chargedNanoUsd, creditValueNanoUsd),
    costNanoUsd: row.costNanoUsd.toString(),
    chargedNanoUsd: row.chargedNanoUsd.toString(),
    priceId: row.priceId,
    isPartial: row.isPartial,
    isSystemRetry: row.isSystemRetry,
    isPresumed: row.isPresumed,
  };
}
