import { Global, Module } from '@nestjs/common';
import { AlertFactsService } from './alerts/alert-facts.service.js';
import { AlertHistory } from './alerts/alert-history.js';
import { AlertWatch } from './alerts/alert-watch.js';
import { AlertWebhook } from './alerts/alert-webhook.js';
import { AlertsController } from './alerts/alerts.controller.js';
import { AlertsService } from './alerts/alerts.service.js';
import { ExpositionController } from './exposition/exposition.controller.js';
import { Metrics } from './metrics.js';
import { BreakdownService } from './report/breakdown.service.js';
import { LiveController } from './report/live.controller.js';
import { LiveFigures } from './report/live-figures.js';
import { MetricsController } from './report/metrics.controller.js';
import { MetricsReportService } from './report/metrics-report.service.js';
import { TimeSeriesService } from './report/time-series.service.js';
import { ToolReportService } from './report/tool-report.service.js';

/** Global because every part counts something, and one application has one registry. */
@Global()
@Module({
  controllers: [ExpositionController, AlertsController, LiveController, MetricsController],
  providers: [Metrics, MetricsReportService, TimeSeriesService, ToolReportService, BreakdownService, LiveFigures, AlertFactsService, AlertsService, AlertHistory, AlertWebhook, AlertWatch],
  exports: [Metrics, MetricsReportService, TimeSeriesService, AlertsService, AlertHistory, AlertWatch],
})
export class MetricsModule {}
