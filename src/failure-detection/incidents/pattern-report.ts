import { Inject, Injectable } from '@nestjs/common';
import { CLOCK, type Clock, type Principal } from '../../common/index.js';
import { Prisma, PrismaService } from '../../database/index.js';
import type { FailurePattern } from '../patterns/failure-pattern.js';
import { FAILURE_PATTERN_KEYS, FAILURE_PATTERNS } from '../patterns/failure-patterns.js';

const BUCKETS = 12;

/** Incidents of a part of the window. */
export interface PatternBucket {
  readonly at: string;
  readonly incidents: number;
  readonly recovered: number;
}

/** A pattern with what it came to. */
export interface PatternFigures extends Pick<FailurePattern, 'name' | 'category' | 'severity' | 'strategy' | 'whatHappened' | 'whatIsDone' | 'whatYouCanDo'> {
  readonly pattern: string;
  readonly incidents: number;
  readonly open: number;
  readonly recovered: number;
  readonly failed: number;
  readonly cancelled: number;
  /** Recovered of those that were either recovered or failed; null for none. */
  readonly recoveryRate: number | null;
  readonly lastAt: string | null;
  /** The window in equal parts, the oldest first. */
  readonly buckets: readonly PatternBucket[];
}

export interface PatternReport {
  readonly since: string;
  readonly until: string;
  readonly items: readonly PatternFigures[];
}

interface CountRow {
  readonly pattern: string;
  readonly outcome: string;
  readonly bucket: number;
  readonly incidents: number;
  readonly lastAt: Date;
}

/** Counts incidents by pattern over a window: admins all, others their own. */
@Injectable()
export class PatternReporter {
  constructor(
    private readonly prisma: PrismaService,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  async report(principal: Principal, windowMs: number): Promise<PatternReport> {
    const until = this.clock.now();
    const since = until - windowMs;
    const rows = await this.count(principal, since, windowMs / BUCKETS);
    const items = FAILURE_PATTERN_KEYS.map((key) =>
      figures(
        key,
        FAILURE_PATTERNS[key],
        rows.filter((row) => row.pattern === key),
        (bucket) => new Date(since + (bucket * windowMs) / BUCKETS).toISOString(),
      ),
    );
    return { since: new Date(since).toISOString(), until: new Date(until).toISOString(), items };
  }

  private count(principal: Principal, sinceMs: number, bucketMs: number): Promise<CountRow[]> {
    const since = new Date(sinceMs);
    const isOwn = principal.role === 'admin' ? Prisma.empty : Prisma.sql`AND user_id = ${principal.userId}`;
    return this.prisma.$queryRaw<CountRow[]>`
      SELECT pattern, outcome, count(*)::int AS incidents, max(created_at) AS "lastAt",
        least(${BUCKETS - 1}::int, floor(extract(epoch FROM created_at - ${since}::timestamptz) * 1000 / ${bucketMs}::float8)::int) AS bucket
      FROM failure_incidents
      WHERE created_at >= ${since}::timestamptz ${isOwn}
      GROUP BY pattern, outcome, bucket`;
  }
}

function figures(key: string, pattern: FailurePattern, rows: readonly CountRow[], startOf: (bucket: number) => string): PatternFigures {
  const { name, category, severity, strategy, whatHappened, whatIsDone, whatYouCanDo } = pattern;
  const sum = (some: (row: CountRow) => boolean): number => rows.filter(some).reduce((total, row) => total + row.incidents, 0);
  const [recovered, failed] = [sum((row) => row.outcome === 'recovered'), sum((row) => row.outcome === 'failed')];
  const lastAtMs = Math.max(...rows.map((row) => row.lastAt.getTime()));
  return {
    pattern: key,
    name,
    category,
    severity,
    strategy,
    whatHappened,
    whatIsDone,
    whatYouCanDo,
    incidents: sum(() => true),
    open: sum((row) => row.outcome === 'open'),
    recovered,
    failed,
    cancelled: sum((row) => row.outcome === 'cancelled'),
    recoveryRate: recovered + failed === 0 ? null : recovered / (recovered + failed),
    lastAt: rows.length === 0 ? null : new Date(lastAtMs).toISOString(),
    buckets: Array.from({ length: BUCKETS }, (_, bucket) => ({
      at: startOf(bucket),
      incidents: sum((row) => row.bucket === bucket),
      recovered: sum((row) => row.bucket === bucket && row.outcome === 'recovered'),
    })),
  };
}
