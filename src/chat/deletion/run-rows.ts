import { Inject, Injectable } from '@nestjs/common';
import { RunForgetter } from '../../billing/index.js';
import { CLOCK, type Clock } from '../../common/index.js';
import { type Database } from '../../database/index.js';
import { IncidentLog } from '../../failure-detection/index.js';
import { Idempotency } from '../../http/index.js';
import { ExperimentExposures } from '../../limits/index.js';
import { type DeletedRun, DELETED_RUNS, deletionMessages } from './deleted-run.js';

/** Time in milliseconds for whoever deletes runs to clear their files and events, before the clean-up job does. */
const OWN_TIME = 60_000;

/** What the tables of others say about runs, taken away in the transaction that deletes the runs. */
@Injectable()
export class RunRows {
  constructor(
    private readonly billing: RunForgetter,
    private readonly incidents: IncidentLog,
    private readonly exposures: ExperimentExposures,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** To be called first: see RunForgetter. */
  lockAccount(userId: string, transaction: Database): Promise<void> {
    return this.billing.lockAccount(userId, transaction);
  }

  /**
   * Forgets runs that have ended, all but their own rows and what cascades from them.
   * @returns what is to be cleared once the transaction is committed
   */
  async forget(runIds: readonly string[], transaction: Database): Promise<DeletedRun[]> {
    if (runIds.length === 0) return [];
    const ids = [...runIds];
    await this.billing.forget(ids, transaction);
    await this.incidents.forgetRuns(transaction, ids);
    await this.exposures.forgetRuns(transaction, ids);
    await Idempotency.forget(transaction, ids);
    const outputs = await transaction.$queryRaw<{ ref: string }[]>`SELECT output_ref AS ref FROM tool_calls WHERE run_id = ANY(${ids}::uuid[]) AND output_ref IS NOT NULL`;
    const dueAt = new Date(this.clock.now() + OWN_TIME);
    const runs = await transaction.$queryRaw<DeletedRun[]>`
      INSERT INTO removals (id, kind, project_id, due_at) SELECT id, 'run', project_id, ${dueAt}::timestamptz FROM runs WHERE id = ANY(${ids}::uuid[])
      ON CONFLICT (id) DO UPDATE SET due_at = EXCLUDED.due_at RETURNING id, project_id AS "projectId"`;
    // Sent when the transaction is committed, and only then: every instance forgets what it has in memory.
    for (const message of deletionMessages(ids, outputs.map(({ ref }) => ref))) await transaction.$executeRaw`SELECT pg_notify(${DELETED_RUNS}, ${message})`;
    return runs;
  }
}
