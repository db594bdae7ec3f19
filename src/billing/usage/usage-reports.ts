import { Inject, Injectable } from '@nestjs/common';
import { CLOCK, type Clock, toCredits } from '../../common/index.js';
import { CONFIG, type Config } from '../../config/index.js';
import { PrismaService } from '../../database/index.js';
import { behind, decodeCursor, MAX_PAGE_SIZE, type Page, type PageQuery, toPage } from '../../http/index.js';
import { type Limits, LIMITS_READER } from '../../limits/index.js';
import { presentUsage, type UsageView } from './usage.view.js';
import { type UsagePeriod, usagePeriod } from './usage-period.js';

/** The usage of one user, or of everybody for null. */
export type UsageOwner = string | null;

/** What one model did for one kind of work on one day (UTC). */
export interface UsageGroup {
  /** ISO date */
  readonly day: string;
  readonly model: string;
  readonly intent: string;
  readonly modelCalls: number;
  readonly runs: number;
  readonly inputTokens: number;
  readonly cachedInputTokens: number;
  readonly outputTokens: number;
  readonly reasoningTokens: number;
  readonly credits: number;
  readonly costNanoUsd: string;
  readonly chargedNanoUsd: string;
}

export interface UsageSummary {
  readonly from: string;
  readonly to: string;
  readonly items: readonly UsageGroup[];
  /** True when there are more groups than `billing.maxReportRows`: ask for a shorter time. */
  readonly isTruncated: boolean;
}

type GroupColumns = Omit<UsageGroup, 'credits' | 'costNanoUsd' | 'chargedNanoUsd'> & { readonly cost: bigint; readonly charged: bigint };

/** Usage as lists, sums and exports. */
@Injectable()
export class UsageReports {
  constructor(
    private readonly prisma: PrismaService,
    @Inject(LIMITS_READER) private readonly limits: Limits,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  /** One item per model call, newest first. */
  async list(userId: string, { cursor, limit }: PageQuery): Promise<Page<UsageView>> {
    const rows = await this.prisma.usageRecord.findMany({
      where: { userId, ...behind('createdAt', decodeCursor(cursor)) },
      orderBy: [{ createdAt: 'desc' }, { id: 'asc' }],
      take: limit + 1,
    });
    return toPage(rows, limit, (row) => ({ at: row.createdAt, id: row.id }), (row) => presentUsage(row, this.config.billing.creditValueNanoUsd));
  }

  /** Sums by day, model and intent, the latest day first. Of a deleted run only the first call tells that there was one. */
  async summary(owner: UsageOwner, asked: Partial<UsagePeriod>): Promise<UsageSummary> {
    const { from, to } = this.period(asked);
    const maxRows = this.limits.value('billing.maxReportRows');
    const rows = await this.prisma.$queryRaw<GroupColumns[]>`
      SELECT to_char(created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD') AS day, model, intent, COUNT(*)::int AS "modelCalls",
        (COUNT(DISTINCT run_id) + COUNT(*) FILTER (WHERE run_id IS NULL AND iteration = 1 AND attempt = 1))::int AS runs,
        SUM(input_tokens + tool_use_input_tokens)::float8 AS "inputTokens", SUM(cached_input_tokens)::float8 AS "cachedInputTokens",
        SUM(output_tokens)::float8 AS "outputTokens", SUM(reasoning_tokens)::float8 AS "reasoningTokens",
        SUM(cost_nano_usd)::bigint AS cost, SUM(charged_nano_usd)::bigint AS charged
      FROM usage_records
      WHERE (${owner}::text IS NULL OR user_id = ${owner}) AND created_at >= ${from}::timestamptz AND created_at < ${to}::timestamptz
      GROUP BY 1, 2, 3 ORDER BY 1 DESC, charged DESC, 2, 3 LIMIT ${maxRows + 1}`;
    const items = rows.slice(0, maxRows).map(({ cost, charged, ...group }) => ({
      ...group,
      credits: toCredits(charged, this.config.billing.creditValueNanoUsd),
      costNanoUsd: cost.toString(),
      chargedNanoUsd: charged.toString(),
    }));
    return { from: from.toISOString(), to: to.toISOString(), items, isTruncated: rows.length > maxRows };
  }

  /** Every model call of a period, the oldest first, fetched page by page as the reader takes them. */
  async *everyCall(owner: UsageOwner, asked: Partial<UsagePeriod>): AsyncGenerator<UsageView> {
    const { from, to } = this.period(asked);
    let last: { createdAt: Date; id: string } | undefined;
    do {
      const rows = await this.prisma.usageRecord.findMany({
        where: {
          userId: owner ?? undefined,
          createdAt: { gte: last?.createdAt ?? from, lt: to },
          OR: last && [{ createdAt: { gt: last.createdAt } }, { id: { gt: last.id } }],
        },
        orderBy: [{ createdAt: 'asc' }, { id: 'asc' }],
        take: MAX_PAGE_SIZE,
      });
      for (const row of rows) yield presentUsage(row, this.config.billing.creditValueNanoUsd);
      last = rows.length === MAX_PAGE_SIZE ? rows.at(-1) : undefined;
    } while (last);
  }

  /** @throws AppError `validation_failed` */
  period(asked: Partial<UsagePeriod>): UsagePeriod {
    return usagePeriod(asked, this.limits.value('billing.maxReportDays'), this.clock.now());
  }
}
