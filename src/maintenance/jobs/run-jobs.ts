import { Injectable } from '@nestjs/common';
import { RunDispatcher, RunReaper, ToolApprovals } from '../../chat/index.js';
import { ExperimentReadouts } from '../../limits/index.js';
import { AlertWatch } from '../../metrics/index.js';
import type { ScheduledJob } from '../scheduled-job.js';
import { changesBatch, WHOLE_PASS } from './job-batch.js';

/** What keeps runs going, and watches how they go. */
@Injectable()
export class RunJobs {
  constructor(
    private readonly reaper: RunReaper,
    private readonly dispatcher: RunDispatcher,
    private readonly approvals: ToolApprovals,
    private readonly alerts: AlertWatch,
    private readonly experiments: ExperimentReadouts,
  ) {}

  list(): ScheduledJob[] {
    return [
      {
        name: 'orphaned-runs',
        description: 'Gives runs whose instance is gone back to the queue, ends those that were too often, and takes up queued ones that no queue holds.',
        cron: '*/5 * * * * *',
        scope: 'deployment',
        runBatch: async (batchSize) => {
          try {
            return changesBatch(await this.reaper.reap(batchSize));
          } finally {
            await this.dispatcher.refill(); // after it: an orphan may have stood in the way of others
          }
        },
      },
      {
        name: 'expired-approvals',
        description: 'Says no to tool calls that nobody approved in time, and lets their runs go on.',
        cron: '*/10 * * * * *',
        scope: 'deployment',
        runBatch: async (batchSize) => changesBatch(await this.approvals.expireDue(batchSize)),
      },
      {
        name: 'alerts',
        description: 'Looks whether a built-in alert fires or has ended, and tells the webhook.',
        cron: '*/30 * * * * *',
        scope: 'deployment',
        runBatch: async (batchSize) => {
          await this.alerts.look(batchSize);
          return WHOLE_PASS;
        },
      },
      {
        name: 'experiment-guardrails',
        description: 'Stops experiments with an arm that does harm.',
        cron: '45 */5 * * * *',
        scope: 'deployment',
        runBatch: async () => {
          await this.experiments.evaluateGuardrails();
          return WHOLE_PASS;
        },
      },
    ];
  }
}
