import { Inject, Injectable } from '@nestjs/common';
import { CLOCK, type Clock } from '../../common/index.js';
import { LIMITS_READER, type Limits } from '../../limits/index.js';
import { compareFigures, type FigureChange } from './figure-change.js';
import type { ReportSubject } from './finished-runs.js';
import { MetricsReportService } from './metrics-report.service.js';
import { assertWithin } from './report-query.js';
import type { RunFigures } from './run-figures.js';
import { HOUR_MS, windowBefore, windowEnding } from './time-window.js';

/** The figures of a window that ends now, beside those of the window before. */
export interface LiveReport {
  readonly at: string;
  readonly figures: RunFigures;
  readonly change: FigureChange;
}

interface Answer {
  readonly report: Promise<LiveReport>;
  /** null while it is being made */
  staleAtMs: number | null;
}

/** Making the figures may take this share of the time at most. */
const LOAD_SHARE = 0.1;

/** Makes live figures once for all who look at the same ones, and less often where they take long. */
@Injectable()
export class LiveFigures {
  private readonly answers = new Map<string, Answer>();

  constructor(
    private readonly reports: MetricsReportService,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(LIMITS_READER) private readonly limits: Limits,
  ) {}

  /** @throws AppError `validation_failed` when `hours` is more than `metrics.maxWindowHours` */
  latest(hours: number, subject: ReportSubject): Promise<LiveReport> {
    assertWithin('hours', hours, this.limits.value('metrics.maxWindowHours'), 'metrics.maxWindowHours');
    const key = `${hours}|${subject ?? ''}`;
    this.forgetStale();
    const known = this.answers.get(key);
    if (known) return known.report;
    const answer: Answer = { report: this.make(hours, subject), staleAtMs: null };
    this.answers.set(key, answer); // as many as there are viewers, whose number has a bound
    const startedAtMs = this.clock.monotonicMs();
    const settle = (): void => {
      const now = this.clock.monotonicMs();
      answer.staleAtMs = startedAtMs + Math.max(this.limits.value('metrics.liveIntervalMs') / 2, (now - startedAtMs) / LOAD_SHARE);
    };
    answer.report.then(settle, () => this.answers.delete(key));
    return answer.report;
  }

  private async make(hours: number, subject: ReportSubject): Promise<LiveReport> {
    const window = windowEnding(this.clock.now(), hours * HOUR_MS);
    const [figures, previous] = await Promise.all([this.reports.figures(window, subject), this.reports.figures(windowBefore(window), subject)]);
    return { at: window.to.toISOString(), figures, change: compareFigures(figures, previous) };
  }

  private forgetStale(): void {
    const now = this.clock.monotonicMs();
    for (const [key, { staleAtMs }] of this.answers) if (staleAtMs !== null && staleAtMs <= now) this.answers.delete(key);
  }
}
