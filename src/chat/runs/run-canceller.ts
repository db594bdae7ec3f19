import { Inject, Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { AppError } from '../../common/index.js';
import { DATABASE_CONNECTION, type DatabaseConnection, PrismaService } from '../../database/index.js';
import { RunStopped } from '../loop/run-stopped.js';
import { ActiveRuns } from './active-runs.js';
import type { RunRow } from './run-row.js';
import { RunEnder } from './run-ender.js';
import { isFinal } from './run-state.js';
import { RunStore } from './run-store.js';

const CHANNEL = 'lomu_run_cancelled';

interface CancelMessage {
  readonly runId: string;
  readonly reason: string;
}

/** Stops runs: at once when this instance works on them, by notification when another does, directly when nobody does yet. */
@Injectable()
export class RunCanceller implements OnApplicationBootstrap, OnModuleDestroy {
  private stopListening?: () => Promise<void>;

  constructor(
    private readonly prisma: PrismaService,
    private readonly store: RunStore,
    private readonly ender: RunEnder,
    private readonly activeRuns: ActiveRuns,
    @Inject(DATABASE_CONNECTION) private readonly connection: DatabaseConnection,
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    this.stopListening = await this.connection.listen(CHANNEL, (payload) => this.stopHere(payload));
  }

  async onModuleDestroy(): Promise<void> {
    await this.stopListening?.();
  }

  /**
   * Asks for a run to be stopped; asking again, or for one that has ended, changes nothing.
   * @throws AppError `run_not_found`
   */
  async cancel(runId: string, userId: string, reason = 'user'): Promise<RunRow> {
    const row = await this.store.requestCancel(runId, userId, reason);
    if (!row) throw new AppError('run_not_found', `There is no run ${runId}.`);
    if (isFinal(row.status)) return row;
    if (row.status !== 'running') await this.ender.end(runId, { status: row.status }, { status: 'cancelled', reason });
    else if (!this.activeRuns.stop(runId, new RunStopped('cancelled', reason))) {
      const message: CancelMessage = { runId, reason };
      await this.prisma.$executeRaw`SELECT pg_notify(${CHANNEL}, ${JSON.stringify(message)})`;
    }
    return row;
  }

  /** Stops runs that give way to a new one of their conversation. */
  async interrupt(runIds: readonly string[], userId: string): Promise<void> {
    await Promise.all(runIds.map((runId) => this.cancel(runId, userId, 'interrupted')));
  }

  private stopHere(payload: string): void {
    const { runId, reason } = JSON.parse(payload) as CancelMessage;
    this.activeRuns.stop(runId, new RunStopped('cancelled', reason));
  }
}
