import { Inject, Injectable } from '@nestjs/common';
import { CLOCK, type Clock, type Intent, INTENTS } from '../../common/index.js';
import { CONFIG, type Config } from '../../config/index.js';
import { PrismaService } from '../../database/index.js';
import { LIMITS_READER, type Limits } from '../../limits/index.js';
import { compareFigures, type FigureChange } from './figure-change.js';
import { finishedRuns, PERCENTILE_COLUMNS, type PercentilesRow, type ReportSubject, TOTAL_COLUMNS, type TotalsRow } from './finished-runs.js';
import { assertWithin } from './report-query.js';
import { addTotals, NO_PERCENTILES, type RunFigures, toFigures } from './run-figures.js';
import { type SeriesPoint, TimeSeriesService } from './time-series.service.js';
import { HOUR_MS, type TimeWindow, windowBefore, windowEnding } from './time-window.js';

export interface MetricsReport extends RunFigures {
  readonly window: { readonly from: string; readonly to: string; readonly hours: number };
  /** failed runs by failure pattern, or by error code where no pattern was recognised */
  readonly errorCounts: Readonly<Record<string, number>>;
  /** runs by intent */
  readonly intentDistribution: Readonly<Record<Intent, number>>;
  /** the last 24 hours hour by hour, whatever the window; the last one is not over yet */
  readonly last24hMetrics: readonly SeriesPoint[];
  /** the window of the same length before this one */
  readonly previous: RunFigures;
  readonly change: FigureChange;
}

interface Summary {
  readonly figures: RunFigures;
  readonly intents: readonly { readonly intent: string; readonly requests: number }[];
}

/** The report of `GET /api/metrics`, from SQL alone: right across instances and restarts. */
@Injectable()
export class MetricsReportService {
  constructor(
    private readonly prisma: PrismaService,
    private readonly timeSeries: TimeSeriesService,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(LIMITS_READER) private readonly limits: Limits,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  /** @throws AppError `validation_failed` when `hours` is more than `metrics.maxWindowHours` */
  async report(hours: number, subject: ReportSubject): Promise<MetricsReport> {
    assertWithin('hours', hours, this.limits.value('metrics.maxWindowHours'), 'metrics.maxWindowHours');
    const window = windowEnding(this.clock.now(), hours * HOUR_MS);
    const [current, previous, errorCounts, last24hMetrics] = await Promise.all([
      this.summarize(window, subject),
      this.summarize(windowBefore(window), subject),
      this.countErrors(window, subject),
      this.timeSeries.lastDay(subject),
    ]);
    return {
      window: { from: window.from.toISOString(), to: window.to.toISOString(), hours },
      ...current.figures,
      errorCounts,
      intentDistribution: distribute(current.intents),
      last24hMetrics,
      previous: previous.figures,
      change: compareFigures(current.figures, previous.figures),
    };
  }

  /** What the runs that finished within the window came to. */
  async figures(window: TimeWindow, subject: ReportSubject): Promise<RunFigures> {
    return (await this.summarize(window, subject)).figures;
  }

  /** Two queries rather than one, because two connections work on two cores. */
  private async summarize(window: TimeWindow, subject: ReportSubject): Promise<Summary> {
    const runs = finishedRuns(window, subject);
    const [totals, percentiles] = await Promise.all([
      this.prisma.$queryRaw<(TotalsRow & { intent: string })[]>`SELECT intent, ${TOTAL_COLUMNS} FROM runs WHERE ${runs} GROUP BY intent`,
      this.prisma.$queryRaw<PercentilesRow[]>`SELECT ${PERCENTILE_COLUMNS} FROM runs WHERE ${runs}`,
    ]);
    return { figures: toFigures(addTotals(totals), percentiles[0] ?? NO_PERCENTILES, this.config.billing.creditValueNanoUsd), intents: totals };
  }

  /** The most frequent ones by name, all others together as `other`. */
  private async countErrors(window: TimeWindow, subject: ReportSubject): Promise<Record<string, number>> {
    const shown = this.limits.value('metrics.maxGroups');
    const rows = await this.prisma.$queryRaw<{ reason: string; runs: number }[]>`
      SELECT coalesce(failure_pattern, error->>'code', 'unknown') AS reason, count(*)::int AS runs
      FROM runs WHERE status = 'failed' AND ${finishedRuns(window, subject)}
      GROUP BY 1 ORDER BY 2 DESC, 1`;
    const counts: Record<string, number> = {};
    for (const [rank, { reason, runs }] of rows.entries()) {
      const name = rank < shown ? reason : 'other';
      counts[name] = (counts[name] ?? 0) + runs;
    }
    return counts;
  }
}

function distribute(rows: Summary['intents']): Record<Intent, number> {
  const countOf = (intent: Intent): number => rows.find((row) => row.intent === intent)?.requests ?? 0;
  return Object.fromEntries(INTENTS.map((intent) => [intent, countOf(intent)])) as Record<Intent, number>;
}
