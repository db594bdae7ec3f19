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

  /** @param row as it was claimed */
  hold(row: RunRow): RunLease {
    const leaseMs = this.limits.value('run.leaseMs');
    const workTime = new WorkTime(this.clock, row.workedMs);
    const controller = new AbortController();
    let cancelRenewal: () => void = () => undefined;
    let cancelExpiry: () => void = () => undefined;
    let isHeld = true;

    const release = (): void => {
      isHeld = false;
      cancelRenewal();
      cancelExpiry();
    };
    const lose = (why: string): void => {
      release();
      controller.abort(new RunStopped('lost_lease', why));
    };
    /** Not left to the renewals: the one that is under way may never be answered. */
    const expireIn = (remainingMs: number): void => {
      cancelExpiry();
      cancelExpiry = this.clock.schedule(() => {
        this.logger.error({ message: 'run given up, its lease could not be renewed; an instance that reaches the database takes it up', runId: row.id });
        lose('the lease could not be renewed');
      }, remainingMs);
    };
    const renewLater = (): void => {
      cancelRenewal = this.clock.schedule(() => void renew(), leaseMs / RENEWALS_PER_LEASE);
    };
    const renew = async (): Promise<void> => {
      const askedAtMs = this.clock.monotonicMs();
      const renewed = await this.renewOnce(row, { leaseMs, workedMs: workTime.totalMs });
      if (!isHeld) return;
      if (renewed?.isOwned === false) return lose('another instance has taken the run over');
      if (renewed?.cancelReason) controller.abort(new RunStopped('cancelled', renewed.cancelReason));
      if (renewed) expireIn(leaseMs - (this.clock.monotonicMs() - askedAtMs));
      renewLater(); // also of a cancelled run: it takes a while to end
    };

    expireIn((row.leaseExpiresAt?.getTime() ?? 0) - this.clock.now()); // its claim may have been answered late
    renewLater();
    return { signal: controller.signal, workTime, release };
  }

  /** @returns undefined when the database was away, maybe for a moment */
  private async renewOnce(row: RunRow, renewal: LeaseRenewal): Promise<{ isOwned: boolean; cancelReason: string | null } | undefined> {
    try {
      return await this.store.renewLease({ runId: row.id, fencingToken: row.fencingToken }, renewal);
    } catch (error) {
      this.logger.warn({ message: 'lease not renewed, trying again', runId: row.id, error });
      return undefined;
    }
  }
}
