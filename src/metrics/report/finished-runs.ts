import { Prisma } from '../../database/index.js';
import type { TimeWindow } from './time-window.js';

/** Whose runs a report is about: one user's, or everybody's when null. */
export type ReportSubject = string | null;

/**
 * The runs a report is about: those that reached their terminal state within the window. Runs that still
 * go on are not in it, so that a report of the past never changes.
 */
export function finishedRuns(window: TimeWindow, subject: ReportSubject): Prisma.Sql {
  const own = subject === null ? Prisma.empty : Prisma.sql`AND user_id = ${subject}`;
  return Prisma.sql`finished_at >= ${window.from} AND finished_at < ${window.to} ${own}`;
}

/** The columns that totals and percentiles are made of; the index `runs_report_idx` holds them all. */
export const REPORT_COLUMNS = Prisma.sql`
  status, finished_at, duration_ms, time_to_first_token_ms, tokens_per_second,
  input_tokens, cached_input_tokens, output_tokens, reasoning_tokens, charged_nano_usd`;

/** Counts and sums, which add up over groups. Sums of tokens stay below 2^53. */
export const TOTAL_COLUMNS = Prisma.sql`
  count(*)::int AS requests,
  (count(*) FILTER (WHERE status = 'completed'))::int AS completed,
  (count(*) FILTER (WHERE status = 'failed'))::int AS failed,
  (sum(duration_ms) FILTER (WHERE status <> 'cancelled'))::float8 AS "durationMsSum",
  (count(duration_ms) FILTER (WHERE status <> 'cancelled'))::int AS "durationCount",
  sum(tokens_per_second) AS "tokensPerSecondSum",
  count(tokens_per_second)::int AS "tokensPerSecondCount",
  sum(input_tokens)::float8 AS "inputTokens",
  sum(cached_input_tokens)::float8 AS "cachedInputTokens",
  sum(output_tokens)::float8 AS "outputTokens",
  sum(reasoning_tokens)::float8 AS "reasoningTokens",
  sum(charged_nano_usd)::text AS "chargedNanoUsd"`;

export interface TotalsRow {
  readonly requests: number;
  readonly completed: number;
  readonly failed: number;
  readonly durationMsSum: number | null;
  readonly durationCount: number;
  readonly tokensPerSecondSum: number | null;
  readonly tokensPerSecondCount: number;
  readonly inputTokens: number | null;
  readonly cachedInputTokens: number | null;
  readonly outputTokens: number | null;
  readonly reasoningTokens: number | null;
  readonly chargedNanoUsd: string | null;
}

/** Nearest rank: each is a value that occurred, and sorting integers is what PostgreSQL does fastest. */
export const PERCENTILE_COLUMNS = Prisma.sql`
  percentile_disc(ARRAY[0.5, 0.95, 0.99]) WITHIN GROUP (ORDER BY duration_ms) FILTER (WHERE status <> 'cancelled') AS "durationMs",
  percentile_disc(ARRAY[0.5, 0.95, 0.99]) WITHIN GROUP (ORDER BY time_to_first_token_ms) AS "timeToFirstTokenMs"`;

/** p50, p95 and p99; null, or nulls, when nothing was measured. */
export type PercentileColumn = readonly (number | null)[] | null;

export interface PercentilesRow {
  readonly durationMs: PercentileColumn;
  readonly timeToFirstTokenMs: PercentileColumn;
}
