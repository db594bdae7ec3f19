import { Inject, Injectable } from '@nestjs/common';
import { CLOCK, type Clock } from '../../common/index.js';
import { Prisma, PrismaService } from '../../database/index.js';
import { LIMITS_READER, type Limits } from '../../limits/index.js';
import { FREE_PROVIDER } from '../catalog/label-values.js';
import { Metrics } from '../metrics.js';
import { finishedRuns } from '../report/finished-runs.js';
import { MetricsReportService } from '../report/metrics-report.service.js';
import type { RunFigures } from '../report/run-figures.js';
import { type TimeWindow, windowEnding } from '../report/time-window.js';

/** Everything the alert rules look at, of all users together. */
export interface AlertFacts {
  readonly window: TimeWindow;
  readonly runs: RunFigures;
  /** runs that used tokens of a model with a provider to pay, charged at nothing */
  readonly zeroCostRuns: number;
  /** runs that were refused a model because it kept failing */
  readonly runsAtOpenBreaker: number;
  /** 0 when none waits */
  readonly oldestQueuedMs: number;
  /** scheduled jobs whose last pass failed */
  readonly failingJobs: number;
  /** scheduled jobs without a pass for more than two of their intervals */
  readonly staleJobs: number;
  /** what balances and ledger differed by when last recounted; null when they never were */
  readonly ledgerDifferenceDollars: number | null;
  /** p99 on this instance since the look before; null before the first measurement */
  readonly eventLoopDelayMs: number | null;
}

/** The failure pattern of a run that asked for a model set aside. */
const OPEN_BREAKER_PATTERN = 'model_set_aside';

interface StateRow {
  readonly zeroCostRuns: number;
  readonly runsAtOpenBreaker: number;
  readonly oldestQueuedAt: Date | null;
  readonly failingJobs: number;
  readonly staleJobs: number;
  readonly ledgerDifferenceDollars: number | null;
}

@Injectable()
export class AlertFactsService {
  /** Before it nobody was there to run a job. */
  private readonly startedAt: Date;

  constructor(
    private readonly prisma: PrismaService,
    private readonly reports: MetricsReportService,
    private readonly metrics: Metrics,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(LIMITS_READER) private readonly limits: Limits,
  ) {
    this.startedAt = new Date(clock.now());
  }

  async gather(): Promise<AlertFacts> {
    const now = this.clock.now();
    const window = windowEnding(now, this.limits.value('alert.windowMs'));
    const [runs, states, eventLoopDelayMs] = await Promise.all([
      this.reports.figures(window, null),
      this.prisma.$queryRaw<StateRow[]>(stateQuery(window, new Date(now - this.limits.value('alert.jobSlackMs')), this.startedAt)),
      this.metrics.eventLoopDelayMs(),
    ]);
    const state = states[0];
    return {
      window,
      runs,
      zeroCostRuns: state?.zeroCostRuns ?? 0,
      runsAtOpenBreaker: state?.runsAtOpenBreaker ?? 0,
      oldestQueuedMs: state?.oldestQueuedAt ? Math.max(0, now - state.oldestQueuedAt.getTime()) : 0,
      failingJobs: state?.failingJobs ?? 0,
      staleJobs: state?.staleJobs ?? 0,
      ledgerDifferenceDollars: state?.ledgerDifferenceDollars ?? null,
      eventLoopDelayMs,
    };
  }
}

/** @param lateFrom when passes that were due two intervals ago are late */
function stateQuery(window: TimeWindow, lateFrom: Date, startedAt: Date): Prisma.Sql {
  return Prisma.sql`SELECT
    (SELECT count(*)::int FROM runs WHERE ${finishedRuns(window, null)}
      AND charged_nano_usd = 0 AND input_tokens + output_tokens + reasoning_tokens > 0 AND model NOT LIKE ${`${FREE_PROVIDER}/%`}) AS "zeroCostRuns",
    (SELECT count(DISTINCT run_id)::int FROM failure_incidents
      WHERE pattern = ${OPEN_BREAKER_PATTERN} AND created_at >= ${window.from} AND created_at < ${window.to}) AS "runsAtOpenBreaker",
    (SELECT min(created_at) FROM runs WHERE status = 'queued') AS "oldestQueuedAt",
    (SELECT count(*)::int FROM maintenance_jobs WHERE last_outcome = 'failed') AS "failingJobs",
    (SELECT count(*)::int FROM maintenance_jobs
      WHERE GREATEST(last_finished_at, ${startedAt}::timestamptz) + 2 * interval_ms * interval '1 millisecond' < ${lateFrom}::timestamptz) AS "staleJobs",
    (SELECT (difference_nano_usd / 1e9)::float8 FROM ledger_checks) AS "ledgerDifferenceDollars"`;
}
