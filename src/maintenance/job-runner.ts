import { randomUUID } from 'node:crypto';
import { Inject, Injectable, Logger } from '@nestjs/common';
import { CLOCK, type Clock } from '../common/index.js';
import { DATABASE_CONNECTION, type DatabaseConnection, PrismaService } from '../database/index.js';
import { type Limits, LIMITS_READER } from '../limits/index.js';
import { Metrics } from '../metrics/index.js';
import { intervalMsOf } from './job-interval.js';
import type { ScheduledJob } from './scheduled-job.js';

export interface JobPass {
  /** `skipped`: another pass of it is under way. */
  readonly outcome: 'completed' | 'failed' | 'skipped';
  /** Also of a pass that failed after some of them. */
  readonly rows: number;
  /** The pass has reached its bound, and there is more to do. */
  readonly hasMore: boolean;
  readonly durationMs: number;
  readonly error?: string;
}

/** Runs one pass of a job: on one instance at a time, in bounded batches, recorded and counted. */
@Injectable()
export class JobRunner {
  private readonly logger = new Logger(JobRunner.name);
  private readonly instanceId = randomUUID();

  constructor(
    private readonly prisma: PrismaService,
    private readonly metrics: Metrics,
    @Inject(DATABASE_CONNECTION) private readonly connection: DatabaseConnection,
    @Inject(LIMITS_READER) private readonly limits: Limits,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /**
   * Never rejects: a failed pass is recorded, logged and counted, and the next one tries again.
   * @param stopping ends the pass after the batch under way
   */
  async run(job: ScheduledJob, stopping?: AbortSignal): Promise<JobPass> {
    const startedAt = new Date(this.clock.now());
    const pass = await this.attempt(job, stopping);
    this.metrics.increment('lomu_job_runs_total', { scheduled_job: job.name, outcome: pass.outcome });
    if (pass.outcome === 'skipped') return pass;
    this.metrics.observe('lomu_job_duration_seconds', { scheduled_job: job.name }, pass.durationMs / 1000);
    this.metrics.increment('lomu_job_rows_total', { scheduled_job: job.name }, pass.rows);
    this.metrics.set('lomu_job_has_more', { scheduled_job: job.name }, pass.hasMore ? 1 : 0);
    if (pass.outcome === 'completed') this.metrics.set('lomu_job_last_success_timestamp_seconds', { scheduled_job: job.name }, this.clock.now() / 1000);
    await this.record(job, pass, startedAt);
    return pass;
  }

  private async attempt(job: ScheduledJob, stopping: AbortSignal | undefined): Promise<JobPass> {
    const startedAtMs = this.clock.monotonicMs();
    const done = { rows: 0, hasMore: false };
    const pass = (outcome: JobPass['outcome']): JobPass => ({ outcome, ...done, durationMs: Math.round(this.clock.monotonicMs() - startedAtMs) });
    try {
      const locked = await this.connection.withLock(this.lockOf(job), () => this.runBatches(job, done, stopping));
      if (done.rows > 0) this.logger.log({ message: 'job did its work', job: job.name, ...done });
      return pass(locked.ran ? 'completed' : 'skipped');
    } catch (error) {
      this.logger.error({ message: 'job failed', job: job.name, error });
      return { ...pass('failed'), error: error instanceof Error ? error.message : String(error) };
    }
  }

  private lockOf({ name, scope }: ScheduledJob): string {
    return scope === 'instance' ? `lomu:job:${name}:${this.instanceId}` : `lomu:job:${name}`;
  }

  private async runBatches(job: ScheduledJob, done: { rows: number; hasMore: boolean }, stopping: AbortSignal | undefined): Promise<void> {
    const batchSize = this.limits.value('maintenance.batchSize');
    const maxBatches = this.limits.value('maintenance.maxBatchesPerPass');
    for (let batch = 0; batch < maxBatches && !stopping?.aborted; batch++) {
      const { rows, hasMore } = await job.runBatch(batchSize);
      done.rows += rows;
      done.hasMore = hasMore;
      if (!hasMore) return;
    }
  }

  private async record(job: ScheduledJob, pass: JobPass, startedAt: Date): Promise<void> {
    const columns = {
      lastStartedAt: startedAt,
      lastFinishedAt: new Date(this.clock.now()),
      lastOutcome: pass.outcome,
      lastError: pass.error ?? null,
      lastRows: pass.rows,
      lastHasMore: pass.hasMore,
      lastDurationMs: pass.durationMs,
      intervalMs: intervalMsOf(job.cron),
    };
    try {
      await this.prisma.maintenanceJob.upsert({ where: { name: job.name }, create: { name: job.name, ...columns }, update: columns });
    } catch (error) {
      this.logger.warn({ message: 'job pass not recorded', job: job.name, error });
    }
  }
}
