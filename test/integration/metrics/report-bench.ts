import type { Config } from '../../../src/config/index.js';
import { LIMITS, type LimitKey, type Limits, type LimitValue } from '../../../src/limits/index.js';
import { AlertFactsService } from '../../../src/metrics/alerts/alert-facts.service.js';
import { AlertsService } from '../../../src/metrics/alerts/alerts.service.js';
import { Metrics } from '../../../src/metrics/index.js';
import { MetricsReportService } from '../../../src/metrics/report/metrics-report.service.js';
import { TimeSeriesService } from '../../../src/metrics/report/time-series.service.js';
import { ToolReportService } from '../../../src/metrics/report/tool-report.service.js';
import { FakeClock } from '../../support/fake-clock.js';
import { createTestDatabase, type TestDatabase } from '../../support/test-database.js';

export const HOUR_MS = 3_600_000;
export const NOW = Date.UTC(2026, 10, 22, 12, 30);
export const before = (durationMs: number): Date => new Date(NOW - durationMs);

/** The services over an empty database, at a fixed time. */
export interface ReportBench {
  readonly database: TestDatabase;
  readonly reports: MetricsReportService;
  readonly timeSeries: TimeSeriesService;
  readonly tools: ToolReportService;
  readonly alerts: AlertsService;
  /** Stands at `NOW` until it is moved. */
  readonly clock: FakeClock;
  readonly limitOf: (key: LimitKey) => LimitValue<LimitKey>;
  /** Values of limits that differ from their defaults; emptied by `clear`. */
  limits: Partial<Record<LimitKey, number>>;
  clear(): Promise<void>;
}

export async function createReportBench(): Promise<ReportBench> {
  const database = await createTestDatabase();
  const clock = new FakeClock(NOW);
  const limitOf = (key: LimitKey): LimitValue<LimitKey> => bench.limits[key] ?? LIMITS[key].default;
  const limits = { value: limitOf } as unknown as Limits;
  const config = { billing: { creditValueNanoUsd: 1_000_000n }, models: { defaultModel: 'offline/planner' } } as Config;
  const timeSeries = new TimeSeriesService(database.prisma, clock, limits, config);
  const reports = new MetricsReportService(database.prisma, timeSeries, clock, limits, config);
  const bench: ReportBench = {
    database,
    reports,
    timeSeries,
    tools: new ToolReportService(database.prisma, clock, limits),
    alerts: new AlertsService(new AlertFactsService(database.prisma, reports, new Metrics(config), clock, limits), limits),
    clock,
    limitOf,
    limits: {},
    clear: async () => {
      bench.limits = {};
      await database.prisma.conversation.deleteMany();
      await database.prisma.failureIncident.deleteMany();
      await database.prisma.maintenanceJob.deleteMany();
      await database.prisma.ledgerCheck.deleteMany();
    },
  };
  return bench;
}
