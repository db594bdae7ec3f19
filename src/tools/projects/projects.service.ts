import { Inject, Injectable, Logger } from '@nestjs/common';
import { AppError, CLOCK, type Clock, isId, newId } from '../../common/index.js';
import { type Database, Prisma, PrismaService } from '../../database/index.js';
import { behind, decodeCursor, Idempotency, type IdempotencyClaim, type Page, type PageQuery, toPage } from '../../http/index.js';
import { type Limits, LIMITS_READER } from '../../limits/index.js';
import { ProjectRemovals } from '../cleanup/project-removals.js';
import { type PreparedImport, ProjectImports } from '../import/project-imports.js';
import type { UploadedArchive } from '../import/archive-upload.js';
import type { CreateProject, ProjectView } from './project.schemas.js';
import { WorkspaceService } from './workspace.service.js';

type ProjectRow = Prisma.ProjectGetPayload<object>;

/** The projects of a user; each one's files are the business of its workspace. */
@Injectable()
export class ProjectsService {
  private readonly logger = new Logger(ProjectsService.name);

  constructor(
    private readonly prisma: PrismaService,
    private readonly workspaces: WorkspaceService,
    private readonly removals: ProjectRemovals,
    private readonly imports: ProjectImports,
    @Inject(LIMITS_READER) private readonly limits: Limits,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /**
   * Creates a project: empty, or filled from an archive or a repository before it is there for anybody.
   * @throws AppError `already_exists`, `limit_exceeded`, `archive_refused`, `source_refused`
   */
  async create(userId: string, { name, source, archive }: CreateProject & { archive?: UploadedArchive }, claim: IdempotencyClaim | undefined): Promise<ProjectView> {
    const earlier = await Idempotency.replay(this.prisma, claim, new Date(this.clock.now()));
    if (earlier) return earlier as ProjectView;
    if (source && archive) throw new AppError('validation_failed', 'Give either an archive or a source, not both.');
    await this.checkRoom(this.prisma, userId);
    const id = newId();
    const prepared = source || archive ? await this.imports.prepare({ source, archive }) : undefined;
    try {
      if (prepared) await this.removals.note(id, this.prisma);
      const view = await this.prisma.$transaction((transaction) => this.createInTurn(transaction, userId, { id, name }, claim, prepared));
      if (prepared && view.id !== id) await this.removals.remove(id); // the same request has made one meanwhile
      return view;
    } catch (error) {
      if (prepared) await this.removals.remove(id);
      if (!isUniqueViolation(error)) throw error;
      throw new AppError('already_exists', `You have a project called ${name} already. Choose another name.`, { cause: error });
    } finally {
      await prepared?.remove();
    }
  }

  async list(userId: string, { cursor, limit }: PageQuery): Promise<Page<ProjectView>> {
    const rows = await this.prisma.project.findMany({
      where: { userId, ...behind('createdAt', decodeCursor(cursor)) },
      orderBy: [{ createdAt: 'desc' }, { id: 'asc' }],
      take: limit + 1,
    });
    return toPage(rows, limit, ({ createdAt, id }) => ({ at: createdAt, id }), present);
  }

  /**
   * Conversations about it stay. Its folder is not taken away from under a run: that might be another conversation's.
   * @throws AppError `project_not_found`, and `project_busy` while a run works on it
   */
  async delete(userId: string, id: string): Promise<void> {
    const project = isId(id) ? await this.prisma.project.findFirst({ where: { id, userId } }) : null;
    if (!project) throw new AppError('project_not_found', `There is no project ${id}.`);
    const runsGoingOn = await this.prisma.run.count({ where: { projectId: id, finishedAt: null } });
    if (runsGoingOn > 0) throw new AppError('project_busy', 'A run is working on this project. Cancel it or wait for its end.');
    await this.prisma.$transaction(async (transaction) => {
      const { count } = await transaction.project.deleteMany({ where: { id, userId } });
      if (count > 0) await this.removals.note(id, transaction);
    });
    await this.removals.remove(id).catch((error: unknown) => this.logger.warn({ message: 'folder of a deleted project is left, and will be removed later', projectId: id, error }));
  }

  private async checkRoom(database: Database, userId: string): Promise<void> {
    const most = this.limits.value('workspace.maxProjectsPerUser');
    if ((await database.project.count({ where: { userId } })) < most) return;
    throw new AppError('limit_exceeded', `You have ${most} projects already, which is the most. Delete one first.`);
  }

  private async createInTurn(transaction: Database, userId: string, { id, name }: { id: string; name: string }, claim: IdempotencyClaim | undefined, prepared: PreparedImport | undefined): Promise<ProjectView> {
    // Creations of one user queue here, so that each sees the outcome of those before it.
    await transaction.$executeRaw`SELECT pg_advisory_xact_lock(hashtextextended(${`projects:${userId}`}, 0))`;
    const now = new Date(this.clock.now());
    const earlier = await Idempotency.replay(transaction, claim, now);
    if (earlier) return earlier as ProjectView;
    await this.checkRoom(transaction, userId);
    if (prepared) await this.removals.keep(id, transaction);
    const row = await transaction.project.create({ data: { id, userId, name, path: this.workspaces.managedFolder(id), isManaged: true, createdAt: now } });
    const view = present(row);
    await Idempotency.store(transaction, claim, id, view, now);
    await prepared?.moveTo(this.workspaces.managedFolder(id)); // last: what fails before leaves no folder behind
    return view;
  }
}

function present({ id, name, isManaged, createdAt }: ProjectRow): ProjectView {
  return { id, name, managed: isManaged, createdAt: createdAt.toISOString() };
}

function isUniqueViolation(error: unknown): boolean {
  return error instanceof Prisma.PrismaClientKnownRequestError && error.code === 'P2002';
}
