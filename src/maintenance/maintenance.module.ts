import { Module } from '@nestjs/common';
import { ScheduleModule } from '@nestjs/schedule';
import { BillingModule } from '../billing/index.js';
import { ChatModule } from '../chat/index.js';
import { ToolsModule } from '../tools/index.js';
import { ExpiredRows } from './expired-rows.js';
import { JobRunner } from './job-runner.js';
import { JobScheduler } from './job-scheduler.js';
import { CleanUpJobs } from './jobs/clean-up-jobs.js';
import { MoneyJobs } from './jobs/money-jobs.js';
import { RetentionJobs } from './jobs/retention-jobs.js';
import { RunJobs } from './jobs/run-jobs.js';
import { MaintenanceController } from './maintenance.controller.js';
import { SCHEDULED_JOBS } from './scheduled-job.js';

const JOB_LISTS = [RunJobs, MoneyJobs, RetentionJobs, CleanUpJobs];

/** Every scheduled job. The work itself lives with the module that owns the rows or files. */
@Module({
  imports: [ScheduleModule.forRoot(), BillingModule, ChatModule, ToolsModule],
  controllers: [MaintenanceController],
  providers: [
    JobRunner,
    JobScheduler,
    ExpiredRows,
    ...JOB_LISTS,
    {
      provide: SCHEDULED_JOBS,
      inject: JOB_LISTS,
      useFactory: (...lists: readonly (RunJobs | MoneyJobs | RetentionJobs | CleanUpJobs)[]) => lists.flatMap((jobs) => jobs.list()),
    },
  ],
})
export class MaintenanceModule {}
