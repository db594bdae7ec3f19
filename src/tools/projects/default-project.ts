import { basename } from 'node:path';
import { Inject, Injectable } from '@nestjs/common';
import { CLOCK, type Clock, newId, type Role } from '../../common/index.js';
import { CONFIG, type Config } from '../../config/index.js';
import { PrismaService } from '../../database/index.js';
import type { ProjectFolder } from './project-folder.js';

const MANAGED_NAME = 'default';

/** The project of a message that names none: the configured folder for admins, a managed folder of their own for all others. */
@Injectable()
export class DefaultProject {
  constructor(
    private readonly prisma: PrismaService,
    @Inject(CONFIG) private readonly config: Config,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  async ensure(userId: string, role: Role): Promise<ProjectFolder> {
    const { defaultWorkspace } = this.config.workspaces;
    if (defaultWorkspace && role === 'admin') return this.ensureConfigured(userId, defaultWorkspace);
    const id = newId();
    const wanted = { id, name: MANAGED_NAME, isManaged: true, path: `${this.config.workspaces.directory}/${id}` };
    return this.findOrCreate(userId, { name: MANAGED_NAME }, wanted);
  }

  /** The folder is what counts: with another one configured, earlier conversations keep theirs. */
  private ensureConfigured(userId: string, path: string): Promise<ProjectFolder> {
    const id = newId();
    const wanted = { id, name: `${basename(path) || 'root'} (${path})`, isManaged: false, path };
    return this.findOrCreate(userId, { path, isManaged: false }, wanted);
  }

  /** Two first messages at the same time end up with the same project. */
  private async findOrCreate(userId: string, where: { name?: string; path?: string; isManaged?: boolean }, wanted: Omit<ProjectFolder, 'toolPolicy'> & { name: string }): Promise<ProjectFolder> {
    const existing = await this.prisma.project.findFirst({ where: { userId, ...where } });
    if (existing) return existing;
    await this.prisma.project.createMany({ data: [{ ...wanted, userId, createdAt: new Date(this.clock.now()) }], skipDuplicates: true });
    return this.prisma.project.findFirstOrThrow({ where: { userId, ...where } });
  }
}
