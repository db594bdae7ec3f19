import { Controller, Get, HttpCode, Inject, Param, Post } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { AppError } from '../common/index.js';
import { PrismaService } from '../database/index.js';
import { AdminOnly } from '../http/index.js';
import { type JobPass, JobRunner } from './job-runner.js';
import { JobScheduler } from './job-scheduler.js';
import { type ScheduledJob, SCHEDULED_JOBS } from './scheduled-job.js';

export interface JobView {
  readonly name: string;
  readonly description: string;
  readonly cron: string;
  readonly scope: ScheduledJob['scope'];
  readonly nextRunAt: string;
  readonly lastStartedAt: string | null;
  readonly lastOutcome: string | null;
  readonly lastError: string | null;
  readonly lastRows: number | null;
  /** Whether the last pass left a rest to the next one. */
  readonly lastHasMore: boolean | null;
  readonly lastDurationMs: number | null;
}

@ApiTags('maintenance')
@AdminOnly()
@Controller('api/maintenance/jobs')
export class MaintenanceController {
  constructor(
    private readonly prisma: PrismaService,
    private readonly scheduler: JobScheduler,
    private readonly runner: JobRunner,
    @Inject(SCHEDULED_JOBS) private readonly jobs: readonly ScheduledJob[],
  ) {}

  @Get()
  @ApiOperation({ summary: 'Scheduled jobs with their last pass and next time' })
  async list(): Promise<{ items: JobView[]; nextCursor: null }> {
    const rows = new Map((await this.prisma.maintenanceJob.findMany()).map((row) => [row.name, row]));
    const items = this.jobs.map((job) => {
      const row = rows.get(job.name);
      return {
        name: job.name,
        description: job.description,
        cron: job.cron,
        scope: job.scope,
        nextRunAt: this.scheduler.nextRunAt(job).toISOString(),
        lastStartedAt: row?.lastStartedAt?.toISOString() ?? null,
        lastOutcome: row?.lastOutcome ?? null,
        lastError: row?.lastError ?? null,
        lastRows: row?.lastRows ?? null,
        lastHasMore: row?.lastHasMore ?? null,
        lastDurationMs: row?.lastDurationMs ?? null,
      };
    });
    return { items, nextCursor: null };
  }

  @Post(':name/run')
  @HttpCode(200)
  @ApiOperation({ summary: 'Run one pass of a job now' })
  run(@Param('name') name: string): Promise<JobPass> {
    const job = this.jobs.find((candidate) => candidate.name === name);
    if (!job) throw new AppError('job_not_found', `There is no job ${name}. GET /api/maintenance/jobs lists them.`);
    return this.runner.run(job);
  }
}
