import { Inject, Injectable } from '@nestjs/common';
import { CLOCK, type Clock } from '../../common/index.js';
import { CONFIG, type Config } from '../../config/index.js';
import { Prisma, PrismaService } from '../../database/index.js';
import { LIMITS_READER, type Limits } from '../../limits/index.js';
import { finishedRuns, PERCENTILE_COLUMNS, type PercentilesRow, REPORT_COLUMNS, type ReportSubject, TOTAL_COLUMNS, type TotalsRow } from './finished-runs.js';
import { groupExpression, groupSource } from './grouping.js';
import { assertWithin, type Grouping } from './report-query.js';
import { emptyFigures, type RunFigures, toFigures } from './run-figures.js';
import { bucketStarts, chooseBucketMs } from './time-buckets.js';
import { HOUR_MS, type TimeWindow } from './time-window.js';

/** The runs that finished within one bucket. */
export interface SeriesPoint extends RunFigures {
  /** where the bucket begins */
  readonly at: string;
}

export interface Series {
  /** null when nothing is grouped; `other` holds the groups beyond the most frequent, `none` the runs without a value */
  readonly group: string | null;
  /** one per bucket, those without runs included */
  readonly points: readonly SeriesPoint[];
}

export interface TimeSeries {
  readonly from: string;
  readonly to: string;
  readonly bucketMs: number;
  readonly groupBy: Grouping | null;
  readonly series: readonly Series[];
}

export interface TimeSeriesRequest {
  readonly windowMs: number;
  /** chosen to give about a hundred buckets when absent */
  readonly bucketMs?: number;
  readonly groupBy?: Grouping;
}

type BucketRow = TotalsRow & PercentilesRow & { readonly at: Date; readonly group: string | null };

@Injectable()
export class TimeSeriesService {
  constructor(
    private readonly prisma: PrismaService,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(LIMITS_READER) private readonly limits: Limits,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  /**
   * Figures per bucket, for each of the most frequent groups. The window is widened to begin with a whole bucket.
   * @throws AppError `validation_failed` when the window or the number of buckets is past its limit
   */
  async series(request: TimeSeriesRequest, subject: ReportSubject): Promise<TimeSeries> {
    const { windowMs, groupBy } = request;
    assertWithin('window', windowMs / HOUR_MS, this.limits.value('metrics.maxWindowHours'), 'metrics.maxWindowHours');
    const bucketMs = request.bucketMs ?? chooseBucketMs(windowMs);
    assertWithin('bucket: number of buckets in the window', Math.ceil(windowMs / bucketMs), this.limits.value('metrics.maxBuckets'), 'metrics.maxBuckets');
    const to = this.clock.now();
    const starts = bucketStarts(to - windowMs, to, bucketMs);
    const window = { from: new Date(starts[0] ?? to), to: new Date(to) };
    const rows = await this.query(window, subject, bucketMs, groupBy);
    return { from: window.from.toISOString(), to: window.to.toISOString(), bucketMs, groupBy: groupBy ?? null, series: this.fill(rows, starts, groupBy !== undefined) };
  }

  /** The last 24 hours hour by hour: one millisecond beyond 23 hours always touches 24 of them. */
  async lastDay(subject: ReportSubject): Promise<readonly SeriesPoint[]> {
    const { series } = await this.series({ windowMs: 23 * HOUR_MS + 1, bucketMs: HOUR_MS }, subject);
    return series[0]?.points ?? [];
  }

  private query(window: TimeWindow, subject: ReportSubject, bucketMs: number, groupBy: Grouping | undefined): Promise<BucketRow[]> {
    const bucket = Prisma.sql`date_bin(make_interval(secs => ${bucketMs / 1000}::float8), finished_at, 'epoch'::timestamptz)`;
    const runs = finishedRuns(window, subject);
    if (groupBy === undefined) {
      return this.prisma.$queryRaw<BucketRow[]>`
        SELECT ${bucket} AS at, NULL AS "group", ${TOTAL_COLUMNS}, ${PERCENTILE_COLUMNS} FROM runs WHERE ${runs} GROUP BY 1`;
    }
    return this.prisma.$queryRaw<BucketRow[]>`
      WITH selected AS (SELECT ${REPORT_COLUMNS}, ${groupExpression(groupBy)} AS "name" FROM runs ${groupSource(groupBy)} WHERE ${runs}),
      shown AS (SELECT "name" FROM selected GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT ${this.limits.value('metrics.maxGroups')})
      SELECT ${bucket} AS at, coalesce(shown."name", 'other') AS "group", ${TOTAL_COLUMNS}, ${PERCENTILE_COLUMNS}
      FROM selected LEFT JOIN shown USING ("name") GROUP BY 1, 2`;
  }

  private fill(rows: readonly BucketRow[], starts: readonly number[], isGrouped: boolean): Series[] {
    const groups = isGrouped ? [...new Set(rows.map((row) => row.group))].sort() : [null];
    const byPlace = new Map(rows.map((row) => [`${row.group}\n${row.at.getTime()}`, row]));
    return groups.map((group) => ({
      group,
      points: starts.map((start) => {
        const row = byPlace.get(`${group}\n${start}`);
        const figures = row ? toFigures(row, row, this.config.billing.creditValueNanoUsd) : emptyFigures();
        return { at: new Date(start).toISOString(), ...figures };
      }),
    }));
  }
}
