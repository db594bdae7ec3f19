/** What one batch of a job did. */
export interface JobBatch {
  /** Rows, files or accounts that it changed or checked. */
  readonly rows: number;
  /** Whether another batch would find more. */
  readonly hasMore: boolean;
}

/**
 * Work that recurs. A pass of it is bounded; while it leaves a rest, the next one follows soon.
 * Where the lock of a job is lost, two passes may overlap: each batch sees to it that its effect happens once.
 */
export interface ScheduledJob {
  /** kebab-case; also the name of its lock, its metrics and its row. */
  readonly name: string;
  readonly description: string;
  /** Six-field cron expression in UTC. */
  readonly cron: string;
  /** `deployment`: done once, by whichever instance has the turn. `instance`: done by each, for its own memory and machine. */
  readonly scope: 'deployment' | 'instance';
  /** A bounded piece of the work. */
  runBatch(batchSize: number): Promise<JobBatch>;
}

export const SCHEDULED_JOBS = Symbol('ScheduledJobs');
