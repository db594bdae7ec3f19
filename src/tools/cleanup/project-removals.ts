import { Inject, Injectable } from '@nestjs/common';
import { CLOCK, type Clock } from '../../common/index.js';
import { type Database, PrismaService } from '../../database/index.js';
import { type Limits, LIMITS_READER } from '../../limits/index.js';
import { WorkspaceService } from '../projects/workspace.service.js';

const KIND = 'project';

/**
 * Folders that are to go: of projects that are deleted, and of ones that are being made, until they are there. Only what is
 * noted here is ever removed: a folder without a project may be one that this database does not know yet, as after a restore.
 */
@Injectable()
export class ProjectRemovals {
  constructor(
    private readonly prisma: PrismaService,
    private readonly workspaces: WorkspaceService,
    @Inject(LIMITS_READER) private readonly limits: Limits,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** To be undone by `keep`, in the transaction that makes the project; or done by `remove`. */
  async note(projectId: string, database: Database): Promise<void> {
    const dueAt = new Date(this.clock.now() + 2 * this.limits.value('workspace.importTimeoutMs'));
    await database.removal.create({ data: { id: projectId, kind: KIND, dueAt } });
  }

  async keep(projectId: string, database: Database): Promise<void> {
    await database.removal.deleteMany({ where: { id: projectId, kind: KIND } });
  }

  /** Removes the folders of a project whose row is gone. */
  async remove(projectId: string): Promise<void> {
    await this.workspaces.removeFolders(projectId);
    await this.keep(projectId, this.prisma);
  }

  /** Removes what is due, at most `batchSize` projects. @returns how many */
  async removeDue(batchSize: number): Promise<number> {
    const due = await this.prisma.removal.findMany({ where: { kind: KIND, dueAt: { lt: new Date(this.clock.now()) } }, orderBy: { dueAt: 'asc' }, take: batchSize, select: { id: true } });
    let removed = 0;
    for (const { id } of due) {
      if ((await this.prisma.project.count({ where: { id } })) > 0) await this.keep(id, this.prisma);
      else {
        await this.workspaces.removeFolders(id);
        removed += (await this.prisma.removal.deleteMany({ where: { id } })).count; // another pass may have been quicker
      }
    }
    return removed;
  }
}
