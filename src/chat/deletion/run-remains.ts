import { Inject, Injectable, Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { CLOCK, type Clock } from '../../common/index.js';
import { DATABASE_CONNECTION, type DatabaseConnection, PrismaService } from '../../database/index.js';
import { RUN_EVENT_LOG, type RunEventLog } from '../../streaming/index.js';
import { ChangeHistory, ToolOutputStore } from '../../tools/index.js';
import { ACTIVE_STATUSES } from '../runs/run-state.js';
import { type DeletedRun, DELETED_RUNS, type DeletionMessage } from './deleted-run.js';

/** Milliseconds until what could not be cleared yet is tried again. */
const RETRY_AFTER = 15 * 60_000;

/**
 * What runs leave outside of the database, cleared when their rows are gone: events in memory and in Redis, kept tool
 * outputs, copies of files. The row that says so stays until it is done, so that a crash only delays it.
 */
@Injectable()
export class RunRemains implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly logger = new Logger(RunRemains.name);
  private stopListening?: () => Promise<void>;

  constructor(
    private readonly prisma: PrismaService,
    private readonly changes: ChangeHistory,
    private readonly outputs: ToolOutputStore,
    @Inject(RUN_EVENT_LOG) private readonly log: RunEventLog,
    @Inject(DATABASE_CONNECTION) private readonly connection: DatabaseConnection,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    this.stopListening = await this.connection.listen(DELETED_RUNS, (payload) => void this.forgetHere(JSON.parse(payload) as DeletionMessage));
  }

  async onModuleDestroy(): Promise<void> {
    await this.stopListening?.();
  }

  /** Never rejects: what does not work now is tried again by the job. */
  async clear(runs: readonly DeletedRun[]): Promise<void> {
    try {
      await this.clearAll(runs);
    } catch (error) {
      this.logger.warn({ message: 'files or events of deleted runs are left, and will be cleared later', error });
    }
  }

  /**
   * Clears what is due, of at most `batchSize` runs.
   * @returns how many are done
   * @throws the first error, when everything that could be cleared is
   */
  async clearDue(batchSize: number): Promise<number> {
    const runs = await this.prisma.removal.findMany({ where: { kind: 'run', dueAt: { lt: new Date(this.clock.now()) } }, orderBy: { dueAt: 'asc' }, take: batchSize, select: { id: true, projectId: true } });
    await this.prisma.removal.updateMany({ where: { id: { in: runs.map(({ id }) => id) } }, data: { dueAt: new Date(this.clock.now() + RETRY_AFTER) } });
    return this.clearAll(runs);
  }

  private async clearAll(runs: readonly DeletedRun[]): Promise<number> {
    const errors: unknown[] = [];
    let done = 0;
    for (const projectId of new Set(runs.map((run) => run.projectId))) {
      const runIds = runs.filter((run) => run.projectId === projectId).map(({ id }) => id);
      try {
        done += await this.clearOf(projectId, runIds);
      } catch (error) {
        errors.push(error);
      }
    }
    if (errors.length > 0) throw errors[0];
    return done;
  }

  /** @returns how many are done; none when copies of files have to wait, because a run that goes on may need them */
  private async clearOf(projectId: string | null, runIds: readonly string[]): Promise<number> {
    for (const runId of runIds) await this.log.drop(runId);
    if (projectId) {
      const isInUse = (await this.prisma.run.count({ where: { projectId, status: { in: [...ACTIVE_STATUSES] } } })) > 0;
      if (!(await this.changes.forgetRuns(projectId, runIds, isInUse))) return 0;
    }
    const { count } = await this.prisma.removal.deleteMany({ where: { id: { in: [...runIds] } } });
    return count;
  }

  private async forgetHere({ runIds, outputRefs }: DeletionMessage): Promise<void> {
    this.outputs.forget(outputRefs);
    try {
      for (const runId of runIds) await this.log.drop(runId);
    } catch (error) {
      this.logger.warn({ message: 'events of deleted runs are left, and will be cleared later', error });
    }
  }
}
