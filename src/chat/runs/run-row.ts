import type { Intent } from '../../common/index.js';
import type { Prisma } from '../../database/index.js';
import type { AssignedArm, LimitsSnapshot, LimitValues } from '../../limits/index.js';
import type { RunTotals } from '../loop/run-totals.js';

/** A run as the database has it. */
export type RunRow = Prisma.RunGetPayload<object>;

export function intentOf(row: Pick<RunRow, 'intent'>): Intent {
  return row.intent as Intent; // written by admission from the same type
}

/** The hold that admission made, for the first model call. */
export function firstHoldId(runId: string): string {
  return `${runId}:1:1`;
}

/** Whether another has worked on the run, or it has waited, before this claim. */
export function isTakenUpAgain({ fencingToken }: Pick<RunRow, 'fencingToken'>): boolean {
  return fencingToken > 1;
}

/** Of a column for milliseconds: 24.8 days. */
export const MAX_STORED_MS = 2 ** 31 - 1;

/** Since the run was admitted. What its columns can hold: an unfinished run may be found after months, and clocks may go back. */
export function ageMs({ createdAt }: Pick<RunRow, 'createdAt'>, nowMs: number): number {
  return Math.min(Math.max(0, nowMs - createdAt.getTime()), MAX_STORED_MS);
}

/** The limits pinned when the run was admitted (I6). */
export function limitsOf(row: Pick<RunRow, 'limits' | 'limitsRevision' | 'experimentArms'>): LimitsSnapshot {
  return {
    revision: row.limitsRevision,
    values: row.limits as unknown as LimitValues,
    arms: row.experimentArms as unknown as AssignedArm[],
  };
}

/** What the run had used when its row was last written. */
export function totalsOf(row: RunRow): RunTotals {
  return {
    usage: {
      inputTokens: row.inputTokens,
      cachedInputTokens: row.cachedInputTokens,
      toolUseInputTokens: 0, // a run's row counts them among the input tokens
      outputTokens: row.outputTokens,
      reasoningTokens: row.reasoningTokens,
    },
    modelCalls: row.modelCalls,
    toolCalls: row.toolCalls,
    retries: row.retries,
    iterations: row.iterations,
    chargedNanoUsd: row.chargedNanoUsd,
    timeToFirstTokenMs: row.timeToFirstTokenMs,
    generationMs: row.tokensPerSecond ? ((row.outputTokens + row.reasoningTokens) * 1000) / row.tokensPerSecond : 0,
  };
}

/** The columns of a run that follow its totals. */
export function totalsColumns(totals: RunTotals): Prisma.RunUpdateManyMutationInput {
  return {
    inputTokens: totals.usage.inputTokens + totals.usage.toolUseInputTokens,
    cachedInputTokens: totals.usage.cachedInputTokens,
    outputTokens: totals.usage.outputTokens,
    reasoningTokens: totals.usage.reasoningTokens,
    modelCalls: totals.modelCalls,
    toolCalls: totals.toolCalls,
    retries: totals.retries,
    iterations: totals.iterations,
    chargedNanoUsd: totals.chargedNanoUsd,
    timeToFirstTokenMs: totals.timeToFirstTokenMs,
  };
}
