import { Injectable } from '@nestjs/common';
import { EventLogTrim, RunRemains } from '../../chat/index.js';
import { SandboxLeftovers, WorkspaceCleanup } from '../../tools/index.js';
import type { ScheduledJob } from '../scheduled-job.js';
import { changesBatch } from './job-batch.js';

/** What is left outside of the database: by deletions that were not finished, and by instances that are gone. */
@Injectable()
export class CleanUpJobs {
  constructor(
    private readonly remains: RunRemains,
    private readonly workspaces: WorkspaceCleanup,
    private readonly sandboxes: SandboxLeftovers,
    private readonly trim: EventLogTrim,
  ) {}

  list(): ScheduledJob[] {
    return [
      {
        name: 'deleted-runs',
        description: 'Clears events and copies of files of deleted runs, where their deletion could not.',
        cron: '15 */5 * * * *',
        scope: 'deployment',
        runBatch: async (batchSize) => changesBatch(await this.remains.clearDue(batchSize)),
      },
      {
        name: 'workspace-cleanup',
        description: 'Removes folders of deleted projects, and uploads and imports that a crash left.',
        cron: '45 */10 * * * *',
        scope: 'deployment',
        runBatch: (batchSize) => this.workspaces.clean(batchSize),
      },
      {
        name: 'sandbox-cleanup',
        description: 'Removes what servers of this machine that are gone left in its temporary folder.',
        cron: '20 */10 * * * *',
        scope: 'instance',
        runBatch: (batchSize) => this.sandboxes.clean(batchSize),
      },
      {
        name: 'event-log-trim',
        description: 'Forgets events in memory of runs that are deleted or ended elsewhere. In Redis all of them expire by themselves.',
        cron: '50 * * * * *',
        scope: 'instance',
        runBatch: (batchSize) => this.trim.trim(batchSize),
      },
    ];
  }
}
