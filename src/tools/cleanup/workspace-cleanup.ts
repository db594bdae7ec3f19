import { join } from 'node:path';
import { Inject, Injectable } from '@nestjs/common';
import { CLOCK, type Clock } from '../../common/index.js';
import { CONFIG, type Config } from '../../config/index.js';
import { type Limits, LIMITS_READER } from '../../limits/index.js';
import { IMPORTS_FOLDER } from '../import/project-imports.js';
import { UPLOADS_FOLDER } from '../import/archive-upload.js';
import { removeLeftEntries } from './left-entries.js';
import { ProjectRemovals } from './project-removals.js';

/** Removes what deletions and crashes left beside the workspaces, which all instances share. */
@Injectable()
export class WorkspaceCleanup {
  constructor(
    private readonly projects: ProjectRemovals,
    @Inject(CONFIG) private readonly config: Config,
    @Inject(LIMITS_READER) private readonly limits: Limits,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** @param batchSize projects, uploads and imports each */
  async clean(batchSize: number): Promise<{ rows: number; hasMore: boolean }> {
    const projects = await this.projects.removeDue(batchSize);
    // Those of requests under way are younger than an import may take.
    const before = this.clock.now() - 2 * this.limits.value('workspace.importTimeoutMs');
    const uploads = await removeLeftEntries(this.folder(UPLOADS_FOLDER), before, batchSize);
    const imports = await removeLeftEntries(this.folder(IMPORTS_FOLDER), before, batchSize);
    return { rows: projects + uploads.rows + imports.rows, hasMore: projects > 0 || uploads.hasMore || imports.hasMore };
  }

  private folder(name: string): string {
    return join(this.config.workspaces.directory, name);
  }
}
