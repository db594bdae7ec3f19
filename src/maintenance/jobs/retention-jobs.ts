import { Inject, Injectable } from '@nestjs/common';
import { ConversationDeletion, ConversationStore, RunRetention } from '../../chat/index.js';
import { CLOCK, type Clock } from '../../common/index.js';
import { type Limits, LIMITS_READER } from '../../limits/index.js';
import { AlertHistory } from '../../metrics/index.js';
import { ExpiredRows } from '../expired-rows.js';
import type { ScheduledJob } from '../scheduled-job.js';
import { changesBatch } from './job-batch.js';

const DAY_MS = 86_400_000;

/** What is not kept for ever. */
@Injectable()
export class RetentionJobs {
  constructor(
    private readonly conversations: ConversationStore,
    private readonly deletion: ConversationDeletion,
    private readonly runs: RunRetention,
    private readonly expiredRows: ExpiredRows,
    private readonly alertHistory: AlertHistory,
    @Inject(LIMITS_READER) private readonly limits: Limits,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  list(): ScheduledJob[] {
    return [
      {
        name: 'inactive-sessions',
        description: 'Ends conversation sessions without activity.',
        cron: '0 */10 * * * *',
        scope: 'deployment',
        runBatch: async (batchSize) => changesBatch(await this.conversations.endInactiveSessions(this.limits.value('retention.sessionInactiveHours'), batchSize)),
      },
      {
        name: 'chat-retention',
        description: 'Deletes conversations past their retention with all that is of them; amounts stay in the ledger.',
        cron: '0 20 * * * *',
        scope: 'deployment',
        runBatch: async (batchSize) => changesBatch(await this.deletion.removeInactive(this.limits.value('retention.chatDays'), batchSize)),
      },
      {
        name: 'metrics-retention',
        description: 'Deletes runs that ended long ago, which reports are made of; the messages of conversations that go on stay.',
        cron: '0 30 * * * *',
        scope: 'deployment',
        runBatch: async (batchSize) => changesBatch(await this.runs.removeEnded(this.limits.value('retention.runDays'), batchSize)),
      },
      {
        name: 'expired-idempotency-keys',
        description: 'Forgets idempotency keys past their time.',
        cron: '0 40 * * * *',
        scope: 'deployment',
        runBatch: async (batchSize) => changesBatch(await this.expiredRows.deleteIdempotencyKeys(batchSize)),
      },
      {
        name: 'incident-retention',
        description: 'Deletes failure incidents past their retention.',
        cron: '0 50 * * * *',
        scope: 'deployment',
        runBatch: async (batchSize) => changesBatch(await this.expiredRows.deleteIncidents(this.limits.value('retention.incidentDays'), batchSize)),
      },
      {
        name: 'alert-retention',
        description: 'Deletes alerts that ended long ago.',
        cron: '0 55 * * * *',
        scope: 'deployment',
        runBatch: async (batchSize) => changesBatch(await this.alertHistory.deleteEnded(new Date(this.clock.now() - this.limits.value('retention.alertDays') * DAY_MS), batchSize)),
      },
    ];
  }
}
