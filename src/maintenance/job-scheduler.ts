import { Inject, Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { SchedulerRegistry } from '@nestjs/schedule';
import { CronJob } from 'cron';
import { CLOCK, type Clock } from '../common/index.js';
import { type Limits, LIMITS_READER } from '../limits/index.js';
import { Metrics } from '../metrics/index.js';
import { intervalMsOf } from './job-interval.js';
import { JobRunner } from './job-runner.js';
import { type ScheduledJob, SCHEDULED_JOBS } from './scheduled-job.js';

/** Starts every job at its times, lets passes follow one another while there is more to do, and at shutdown waits for those under way. */
@Injectable()
export class JobScheduler implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly running = new Map<string, Promise<void>>();
  private readonly stopping = new AbortController();

  constructor(
    private readonly registry: SchedulerRegistry,
    private readonly runner: JobRunner,
    private readonly metrics: Metrics,
    @Inject(SCHEDULED_JOBS) private readonly jobs: readonly ScheduledJob[],
    @Inject(LIMITS_READER) private readonly limits: Limits,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  onApplicationBootstrap(): void {
    for (const job of this.jobs) {
      const cron = CronJob.from({ cronTime: job.cron, timeZone: 'UTC', onTick: () => this.begin(job), start: true });
      this.registry.addCronJob(job.name, cron);
      this.metrics.set('lomu_job_interval_seconds', { scheduled_job: job.name }, intervalMsOf(job.cron) / 1_000);
    }
  }

  async onModuleDestroy(): Promise<void> {
    this.stopping.abort();
    for (const job of this.jobs) {
      if (this.registry.doesExist('cron', job.name)) this.registry.deleteCronJob(job.name);
    }
    await Promise.all(this.running.values());
  }

  nextRunAt(job: ScheduledJob): Date {
    return this.registry.getCronJob(job.name).nextDate().toJSDate();
  }

  /** Passes that overlap the next time of their job stand for that, too. */
  private begin(job: ScheduledJob): void {
    if (this.running.has(job.name)) return;
    this.running.set(
      job.name,
      this.runWhileMore(job).finally(() => this.running.delete(job.name)),
    );
  }

  /** A backlog does not wait for the next time; between its passes others get the database, and another instance the turn. */
  private async runWhileMore(job: ScheduledJob): Promise<void> {
    const maxPasses = this.limits.value('maintenance.maxPassesInARow');
    for (let pass = 1; pass <= maxPasses; pass++) {
      const { hasMore, outcome } = await this.runner.run(job, this.stopping.signal);
      if (!hasMore || outcome !== 'completed' || pass === maxPasses) return;
      await this.clock.sleep(this.limits.value('maintenance.pauseMs'), this.stopping.signal).catch(() => undefined); // stopped: as below
      if (this.stopping.signal.aborted) return;
    }
  }
}
