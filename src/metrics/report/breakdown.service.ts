import { Inject, Injectable } from '@nestjs/common';
import { CLOCK, type Clock } from '../../common/index.js';
import { CONFIG, type Config } from '../../config/index.js';
import { Prisma, PrismaService } from '../../database/index.js';
import { LIMITS_READER, type Limits } from '../../limits/index.js';
import { finishedRuns, PERCENTILE_COLUMNS, type PercentilesRow, REPORT_COLUMNS, type ReportSubject, TOTAL_COLUMNS, type TotalsRow } from './finished-runs.js';
import { groupExpression, groupSource } from './grouping.js';
import { assertWithin, type Grouping } from './report-query.js';
import { type RunFigures, toFigures } from './run-figures.js';
import { HOUR_MS, windowEnding } from './time-window.js';

/** What the runs of one group came to; the less frequent groups are together in `other`. */
export interface GroupFigures extends RunFigures {
  readonly group: string;
}

type GroupRow = TotalsRow & PercentilesRow & { readonly group: string };

@Injectable()
export class BreakdownService {
  constructor(
    private readonly prisma: PrismaService,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(LIMITS_READER) private readonly limits: Limits,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  /**
   * The most frequent groups first, at most `metrics.maxGroups` of them by name. A run that took part in several
   * experiments is in the group of each of its arms.
   * @throws AppError `validation_failed` when `hours` is more than `metrics.maxWindowHours`
   */
  async groups(hours: number, groupBy: Grouping, subject: ReportSubject): Promise<GroupFigures[]> {
    assertWithin('hours', hours, this.limits.value('metrics.maxWindowHours'), 'metrics.maxWindowHours');
    const window = windowEnding(this.clock.now(), hours * HOUR_MS);
    const rows = await this.prisma.$queryRaw<GroupRow[]>`
      WITH selected AS (SELECT ${REPORT_COLUMNS}, ${groupExpression(groupBy)} AS "name" FROM runs ${groupSource(groupBy)} WHERE ${finishedRuns(window, subject)}),
      shown AS (SELECT "name" FROM selected GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT ${this.limits.value('metrics.maxGroups')})
      SELECT coalesce(shown."name", 'other') AS "group", ${TOTAL_COLUMNS}, ${PERCENTILE_COLUMNS}
      FROM selected LEFT JOIN shown USING ("name") GROUP BY 1 ORDER BY ${Prisma.sql`count(*) DESC, 1`}`;
    return rows.map((row) => ({ group: row.group, ...toFigures(row, row, this.config.billing.creditValueNanoUsd) }));
  }
}
