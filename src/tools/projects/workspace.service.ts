import { chown, mkdir, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { Inject, Injectable } from '@nestjs/common';
import { AppError, CLOCK, type Clock, isId, type Role } from '../../common/index.js';
import { CONFIG, type Config } from '../../config/index.js';
import { PrismaService } from '../../database/index.js';
import { type Limits, LIMITS_READER } from '../../limits/index.js';
import { SANDBOX, type Sandbox } from '../sandbox/sandbox.port.js';
import { ToolPolicies } from '../approvals/tool-policies.js';
import type { ToolPolicy } from '../approvals/tool-policy.js';
import { ChangeHistory } from '../history/change-history.js';
import { ToolOutputStore } from '../runner/tool-output-store.js';
import { WorkspaceQuota } from '../workspace/workspace-quota.js';
import { Workspace } from '../workspace/workspace.js';
import { DefaultProject } from './default-project.js';
import type { ProjectFolder } from './project-folder.js';

export interface ProjectWorkspace {
  readonly projectId: string;
  readonly workspace: Workspace;
  readonly policy: ToolPolicy;
}

/** Gives each project its workspace. Runs of the same project on this instance share one, and with it its epoch and its turn-taking. */
@Injectable()
export class WorkspaceService {
  private readonly opened = new Map<string, Promise<Workspace>>();

  constructor(
    private readonly prisma: PrismaService,
    private readonly defaultProject: DefaultProject,
    private readonly policies: ToolPolicies,
    private readonly history: ChangeHistory,
    private readonly outputs: ToolOutputStore,
    @Inject(CONFIG) private readonly config: Config,
    @Inject(LIMITS_READER) private readonly limits: Limits,
    @Inject(SANDBOX) private readonly sandbox: Sandbox,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /**
   * @param projectId null for the user's default project, which is made on first use
   * @param role decides which project that is; an admin's works on the configured folder
   * @throws AppError `project_not_found`, also for a project of somebody else; `invalid_state` when its folder cannot be opened
   */
  async forProject(userId: string, projectId: string | null, role: Role = 'user'): Promise<ProjectWorkspace> {
    const project = projectId === null ? await this.defaultProject.ensure(userId, role) : await this.find(userId, projectId);
    if (!project) throw new AppError('project_not_found', `There is no project ${projectId}.`);
    return { projectId: project.id, workspace: await this.open(project), policy: this.policies.of(project) };
  }

  /** Removes what was made for a project that is gone or did not come to be; a folder that Lomu did not make stays. */
  async removeFolders(projectId: string): Promise<void> {
    const workspace = await this.opened.get(projectId)?.catch(() => undefined); // one that could not be opened left nothing
    if (workspace && basename(workspace.root) === projectId) this.outputs.forgetOwner(workspace.root); // not what others work on, too
    this.opened.delete(projectId);
    await this.history.forgetProject(projectId);
    await rm(this.managedFolder(projectId), { recursive: true, force: true });
  }

  /** Managed folders follow the configuration rather than the row, so that the data folder can be moved. */
  managedFolder(projectId: string): string {
    return join(this.config.workspaces.directory, projectId);
  }

  private async find(userId: string, projectId: string): Promise<ProjectFolder | null> {
    return isId(projectId) ? this.prisma.project.findFirst({ where: { id: projectId, userId } }) : null;
  }

  private async open(project: ProjectFolder): Promise<Workspace> {
    const folder = project.isManaged ? this.managedFolder(project.id) : project.path;
    if (project.isManaged) await this.makeFolder(folder);
    const workspace = this.opened.get(project.id) ?? Workspace.open(folder, { quota: project.isManaged ? this.quota() : undefined });
    this.remember(project.id, workspace);
    try {
      return await workspace;
    } catch (error) {
      this.opened.delete(project.id);
      throw new AppError('invalid_state', 'The folder of this project cannot be opened. Put it back, or choose another project.', { cause: error });
    }
  }

  private quota(): WorkspaceQuota {
    return new WorkspaceQuota(() => ({ maxFiles: this.limits.value('workspace.maxFiles'), maxBytes: this.limits.value('workspace.maxBytes') }), this.clock);
  }

  /** Commands do not run as root, so a folder that root makes for them is theirs. */
  private async makeFolder(folder: string): Promise<void> {
    const isNew = (await mkdir(folder, { recursive: true })) !== undefined;
    if (isNew && this.sandbox.owner) await chown(folder, this.sandbox.owner.uid, this.sandbox.owner.gid);
  }

  /** Keeps the most recently used; one that is dropped while a run holds it only loses its sharing. */
  private remember(projectId: string, workspace: Promise<Workspace>): void {
    this.opened.delete(projectId);
    this.opened.set(projectId, workspace);
    const [oldest] = this.opened.keys();
    if (oldest !== undefined && this.opened.size > this.limits.value('workspace.maxOpen')) this.opened.delete(oldest);
  }
}
