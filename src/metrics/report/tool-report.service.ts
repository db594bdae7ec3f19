import { Inject, Injectable } from '@nestjs/common';
import { CLOCK, type Clock } from '../../common/index.js';
import { Prisma, PrismaService } from '../../database/index.js';
import { LIMITS_READER, type Limits } from '../../limits/index.js';
import type { ReportSubject } from './finished-runs.js';
import { assertWithin } from './report-query.js';
import { HOUR_MS, type TimeWindow, windowEnding } from './time-window.js';

/** How one tool did, over the calls that were begun within the window and have ended. */
export interface ToolFigures {
  readonly name: string;
  readonly calls: number;
  readonly failed: number;
  /** failed / calls, 0 to 1 */
  readonly errorRate: number;
  readonly averageDurationMs: number | null;
  readonly p95DurationMs: number | null;
  /** failed calls by error code */
  readonly errorCounts: Readonly<Record<string, number>>;
}

interface ToolRow {
  readonly name: string;
  readonly calls: number;
  readonly failed: number;
  readonly averageDurationMs: number | null;
  readonly p95DurationMs: number | null;
}

interface ErrorRow {
  readonly name: string;
  readonly code: string;
  readonly calls: number;
}

@Injectable()
export class ToolReportService {
  constructor(
    private readonly prisma: PrismaService,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(LIMITS_READER) private readonly limits: Limits,
  ) {}

  /**
   * The most used tools, at most `metrics.maxGroups`: a model can make up names without end.
   * @throws AppError `validation_failed` when `hours` is more than `metrics.maxWindowHours`
   */
  async tools(hours: number, subject: ReportSubject): Promise<ToolFigures[]> {
    assertWithin('hours', hours, this.limits.value('metrics.maxWindowHours'), 'metrics.maxWindowHours');
    const calls = endedCalls(windowEnding(this.clock.now(), hours * HOUR_MS), subject);
    const [tools, errors] = await Promise.all([
      this.prisma.$queryRaw<ToolRow[]>`
        SELECT name, count(*)::int AS calls, count(error_code)::int AS failed, avg(duration_ms)::float8 AS "averageDurationMs",
          percentile_disc(0.95) WITHIN GROUP (ORDER BY duration_ms) AS "p95DurationMs"
        FROM tool_calls WHERE ${calls} GROUP BY name ORDER BY calls DESC, name LIMIT ${this.limits.value('metrics.maxGroups')}`,
      this.prisma.$queryRaw<ErrorRow[]>`
        SELECT name, error_code AS code, count(*)::int AS calls FROM tool_calls WHERE ${calls} AND error_code IS NOT NULL GROUP BY 1, 2 ORDER BY 3 DESC, 2`,
    ]);
    return tools.map((tool) => ({
      ...tool,
      errorRate: tool.failed / tool.calls,
      errorCounts: Object.fromEntries(errors.filter((error) => error.name === tool.name).map(({ code, calls: count }) => [code, count])),
    }));
  }
}

function endedCalls(window: TimeWindow, subject: ReportSubject): Prisma.Sql {
  const own = subject === null ? Prisma.empty : Prisma.sql`AND run_id IN (SELECT id FROM runs WHERE user_id = ${subject})`;
  return Prisma.sql`created_at >= ${window.from} AND created_at < ${window.to} AND finished_at IS NOT NULL ${own}`;
}
