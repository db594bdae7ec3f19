import { toCredits } from '../../common/index.js';
import type { PercentileColumn, PercentilesRow, TotalsRow } from './finished-runs.js';

export interface Percentiles {
  readonly p50: number | null;
  readonly p95: number | null;
  readonly p99: number | null;
}

/**
 * What the runs of some time and kind came to. A run that a person cancelled says nothing about how well
 * or fast Lomu works: it counts as a request and for its tokens, yet in no rate and no response time.
 * Where nothing was measured counts are 0 and everything derived is null.
 */
export interface RunFigures {
  readonly totalRequests: number;
  readonly completed: number;
  readonly failed: number;
  readonly cancelled: number;
  /** completed / (completed + failed), 0 to 1 */
  readonly successRate: number | null;
  /** failed / (completed + failed), 0 to 1 */
  readonly errorRate: number | null;
  /** mean milliseconds from admission to the terminal state */
  readonly averageResponseTime: number | null;
  /** mean tokens per run, input and output */
  readonly averageTokensPerRequest: number | null;
  /** mean output tokens per second of the runs that streamed any */
  readonly averageStreamingSpeed: number | null;
  readonly percentiles: {
    readonly responseTimeMs: Percentiles;
    readonly timeToFirstTokenMs: Percentiles;
  };
  readonly tokens: {
    /** `cachedInput` is a part of it */
    readonly input: number;
    readonly cachedInput: number;
    readonly output: number;
    readonly reasoning: number;
    readonly total: number;
  };
  readonly credits: number;
  /** the exact amount behind `credits` */
  readonly creditsNanoUsd: string;
}

const NOTHING: TotalsRow = {
  requests: 0,
  completed: 0,
  failed: 0,
  durationMsSum: 0,
  durationCount: 0,
  tokensPerSecondSum: 0,
  tokensPerSecondCount: 0,
  inputTokens: 0,
  cachedInputTokens: 0,
  outputTokens: 0,
  reasoningTokens: 0,
  chargedNanoUsd: '0',
};

export const NO_PERCENTILES: PercentilesRow = { durationMs: null, timeToFirstTokenMs: null };

/** The totals of all groups together. */
export function addTotals(rows: readonly TotalsRow[]): TotalsRow {
  return rows.reduce<TotalsRow>(
    (sum, row) => ({
      requests: sum.requests + row.requests,
      completed: sum.completed + row.completed,
      failed: sum.failed + row.failed,
      durationMsSum: (sum.durationMsSum ?? 0) + (row.durationMsSum ?? 0),
      durationCount: sum.durationCount + row.durationCount,
      tokensPerSecondSum: (sum.tokensPerSecondSum ?? 0) + (row.tokensPerSecondSum ?? 0),
      tokensPerSecondCount: sum.tokensPerSecondCount + row.tokensPerSecondCount,
      inputTokens: (sum.inputTokens ?? 0) + (row.inputTokens ?? 0),
      cachedInputTokens: (sum.cachedInputTokens ?? 0) + (row.cachedInputTokens ?? 0),
      outputTokens: (sum.outputTokens ?? 0) + (row.outputTokens ?? 0),
      reasoningTokens: (sum.reasoningTokens ?? 0) + (row.reasoningTokens ?? 0),
      chargedNanoUsd: (BigInt(sum.chargedNanoUsd ?? 0) + BigInt(row.chargedNanoUsd ?? 0)).toString(),
    }),
    NOTHING,
  );
}

export function toFigures(totals: TotalsRow, percentiles: PercentilesRow, creditValueNanoUsd: bigint): RunFigures {
  const { requests, completed, failed } = totals;
  const input = totals.inputTokens ?? 0;
  const output = totals.outputTokens ?? 0;
  const reasoning = totals.reasoningTokens ?? 0;
  const total = input + output + reasoning;
  const creditsNanoUsd = totals.chargedNanoUsd ?? '0';
  return {
    totalRequests: requests,
    completed,
    failed,
    cancelled: requests - completed - failed,
    successRate: ratio(completed, completed + failed),
    errorRate: ratio(failed, completed + failed),
    averageResponseTime: ratio(totals.durationMsSum ?? 0, totals.durationCount),
    averageTokensPerRequest: ratio(total, requests),
    averageStreamingSpeed: ratio(totals.tokensPerSecondSum ?? 0, totals.tokensPerSecondCount),
    percentiles: {
      responseTimeMs: toPercentiles(percentiles.durationMs),
      timeToFirstTokenMs: toPercentiles(percentiles.timeToFirstTokenMs),
    },
    tokens: { input, cachedInput: totals.cachedInputTokens ?? 0, output, reasoning, total },
    credits: toCredits(BigInt(creditsNanoUsd), creditValueNanoUsd),
    creditsNanoUsd,
  };
}

export function emptyFigures(): RunFigures {
  return toFigures(NOTHING, NO_PERCENTILES, 1n);
}

/** null instead of NaN when there is nothing to divide by. */
export function ratio(part: number, whole: number): number | null {
  return whole > 0 ? part / whole : null;
}

function toPercentiles(column: PercentileColumn): Percentiles {
  return { p50: column?.[0] ?? null, p95: column?.[1] ?? null, p99: column?.[2] ?? null };
}
