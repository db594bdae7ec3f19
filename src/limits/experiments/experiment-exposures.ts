import { Inject, Injectable } from '@nestjs/common';
import { CLOCK, type Clock } from '../../common/index.js';
import type { Database } from '../../database/index.js';
import type { LimitsSnapshot } from '../limits-snapshot.js';

/** Notes who came under which arm. */
@Injectable()
export class ExperimentExposures {
  constructor(@Inject(CLOCK) private readonly clock: Clock) {}

  /**
   * Records the arms of a run's snapshot, once per experiment and user: call it in the transaction that
   * admits the run, where the arms' values are applied. Lost exposures would skew the comparison; an
   * exposure without a run would dilute it.
   */
  async record(database: Database, { arms }: LimitsSnapshot, run: { readonly userId: string; readonly runId: string }): Promise<void> {
    if (arms.length === 0) return;
    const createdAt = new Date(this.clock.now());
    await database.experimentExposure.createMany({ data: arms.map((arm) => ({ ...arm, ...run, createdAt })), skipDuplicates: true });
  }

  /** Takes the link to deleted runs away; who came under which arm stays. */
  async forgetRuns(database: Database, runIds: readonly string[]): Promise<void> {
    await database.$executeRaw`UPDATE experiment_exposures SET run_id = NULL WHERE run_id = ANY(${[...runIds]}::uuid[])`;
  }
}
