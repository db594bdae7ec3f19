import { Inject, Injectable, Logger } from '@nestjs/common';
import { CLOCK, type Clock } from '../../common/index.js';
import { type Limits, LIMITS_READER } from '../../limits/index.js';
import { RunStopped } from '../loop/run-stopped.js';
import type { RunRow } from './run-row.js';
import { type LeaseRenewal, RunStore } from './run-store.js';
import { WorkTime } from './work-time.js';

const RENEWALS_PER_LEASE = 3;

export interface RunLease {
  /** Aborts with a RunStopped when the run is no longer ours, or when somebody on another instance cancelled it. */
  readonly signal: AbortSignal;
  /** Saved with each renewal. */
  readonly workTime: WorkTime;
  release(): void;
}

/** Keeps a run ours while we work on it (I7). */
@Injectable()
export class RunLeases {
  private readonly logger = new Logger(RunLeases.name);

  constructor(
    private readonly store: RunStore,
    @Inject(LIMITS_READER) private readonly limits: Limits,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  hold(row: RunRow): RunLease {
    const leaseMs = this.limits.value('run.leaseMs');
    const controller = new AbortController();
    const workTime = new WorkTime(this.clock, row.workedMs);
    let renewedAtMs = this.clock.monotonicMs();
    let isReleased = false;
    let cancelTimer: () => void = () => undefined;

    const scheduleRenewal = (): void => {
      cancelTimer = this.clock.schedule(() => void renew(), leaseMs / RENEWALS_PER_LEASE);
    };
    const renew = async (): Promise<void> => {
      const renewed = await this.renewOnce(row, { leaseMs, workedMs: workTime.totalMs }, renewedAtMs);
      if (renewed instanceof RunStopped) controller.abort(renewed);
      if (renewed instanceof RunStopped && renewed.stopCause === 'lost_lease') return;
      if (renewed !== 'missed') renewedAtMs = this.clock.monotonicMs();
      if (!isReleased) scheduleRenewal(); // also of a cancelled run: it takes a while to end
    };

    scheduleRenewal();
    return {
      signal: controller.signal,
      workTime,
      release: () => {
        isReleased = true;
        cancelTimer();
      },
    };
  }

  private async renewOnce(row: RunRow, renewal: LeaseRenewal, renewedAtMs: number): Promise<RunStopped | 'renewed' | 'missed'> {
    try {
      const { isOwned, cancelReason } = await this.store.renewLease({ runId: row.id, fencingToken: row.fencingToken }, renewal);
      if (!isOwned) return new RunStopped('lost_lease', 'another instance has taken the run over');
      return cancelReason ? new RunStopped('cancelled', cancelReason) : 'renewed';
    } catch (error) {
      // The database may be away for a moment; the age of the lease says when to give up.
      if (this.clock.monotonicMs() - renewedAtMs > renewal.leaseMs) return new RunStopped('lost_lease', 'the lease could not be renewed');
      this.logger.warn({ message: 'lease not renewed, trying again', runId: row.id, error });
      return 'missed';
    }
  }
}
