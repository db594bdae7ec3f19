import { Injectable, Logger } from '@nestjs/common';
import { AppError } from '../../common/index.js';
import { PrismaService } from '../../database/index.js';
import { ChangeHistory, type RunDiff, type UndoneRun, WorkspaceService } from '../../tools/index.js';
import type { RunContext } from '../loop/run-context.js';
import type { RunRow } from '../runs/run-row.js';
import { ACTIVE_STATUSES, isFinal } from '../runs/run-state.js';

/** What runs changed in their workspaces: kept while they work, shown and undone on demand. */
@Injectable()
export class RunChanges {
  private readonly logger = new Logger(RunChanges.name);

  constructor(
    private readonly prisma: PrismaService,
    private readonly workspaces: WorkspaceService,
    private readonly history: ChangeHistory,
  ) {}

  /** Before a run's first change. A run goes on without history rather than not at all. */
  async watch(context: RunContext): Promise<void> {
    if (context.isWatched) return;
    context.isWatched = true;
    const { row, projectId, workspace } = context;
    await this.history.begin({ runId: row.id, projectId, workspace }).catch((error: unknown) => {
      this.logger.warn({ message: 'changes of a run are not kept', runId: row.id, error });
    });
  }

  /** When a run ends, whoever ends it. */
  async close(row: RunRow): Promise<void> {
    if (!row.projectId || row.startedAt === null) return;
    try {
      const { workspace } = await this.workspaces.forProject(row.userId, row.projectId);
      await this.history.end({ runId: row.id, projectId: row.projectId, workspace });
    } catch (error) {
      this.logger.warn({ message: 'changes of a run not closed; the first look will', runId: row.id, error });
    }
  }

  /** @throws AppError `run_not_found`, `history_unavailable`, and `project_not_found` when the project is gone */
  async diff(userId: string, runId: string): Promise<RunDiff & { runId: string }> {
    const run = await this.find(userId, runId);
    return { runId, ...(await this.history.diff(run)) };
  }

  /** @throws AppError as `diff`; `invalid_state` while a run works on the project; `workspace_changed` */
  async undo(userId: string, runId: string): Promise<UndoneRun & { runId: string }> {
    const run = await this.find(userId, runId);
    if (!run.hasEnded) throw new AppError('invalid_state', 'The run goes on. Cancel it or wait for its end, then undo it.');
    const active = await this.prisma.run.count({ where: { projectId: run.projectId, status: { in: [...ACTIVE_STATUSES] } } });
    if (active > 0) throw new AppError('invalid_state', 'Another run works on this project. Wait for its end, then undo this one.');
    return { runId, ...(await this.history.undo(run)) };
  }

  private async find(userId: string, runId: string) {
    const row = await this.prisma.run.findFirst({ where: { id: runId, userId }, select: { projectId: true, status: true } });
    if (!row) throw new AppError('run_not_found', `There is no run ${runId}.`);
    if (!row.projectId) throw new AppError('project_not_found', 'The run has no project.');
    const [{ workspace }, changes] = await Promise.all([
      this.workspaces.forProject(userId, row.projectId),
      this.prisma.toolCall.count({ where: { runId, isReadOnly: false, status: { in: ['running', 'succeeded'] } } }),
    ]);
    return { runId, projectId: row.projectId, workspace, hasEnded: isFinal(row.status), mayHaveChanged: changes > 0 };
  }
}
