import { chown, mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { getuid } from 'node:process';
import { Inject, Injectable } from '@nestjs/common';
import { AppError, CLOCK, type Clock, newId } from '../../common/index.js';
import { CONFIG, type Config } from '../../config/index.js';
import { type Limits, LIMITS_READER } from '../../limits/index.js';
import { SANDBOX, type Sandbox } from '../sandbox/sandbox.port.js';
import { measureFolder } from '../workspace/workspace-quota.js';
import type { UploadedArchive } from './archive-upload.js';
import { chownTree } from './chown-tree.js';
import { allowedSource, cloneRepository } from './clone-repository.js';
import { ImportTarget } from './import-target.js';
import { unpackArchive } from './unpack-archive.js';

export interface ImportSource {
  readonly source?: { readonly path: string };
  readonly archive?: UploadedArchive;
}

/** A filled folder that is nobody's yet. */
export interface PreparedImport {
  /** Makes it the workspace at once, whole. */
  moveTo(folder: string): Promise<void>;
  /** Removes what was not moved. */
  remove(): Promise<void>;
}

/** Where imports are prepared, beside the workspaces, so that moving them is one rename. */
export const IMPORTS_FOLDER = '.imports';

/** Fills the folders of new projects. Nothing is seen of one that fails. */
@Injectable()
export class ProjectImports {
  constructor(
    @Inject(CONFIG) private readonly config: Config,
    @Inject(LIMITS_READER) private readonly limits: Limits,
    @Inject(SANDBOX) private readonly sandbox: Sandbox,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** @throws AppError `archive_refused`, `source_refused` */
  async prepare({ source, archive }: ImportSource): Promise<PreparedImport> {
    const directory = join(this.folder(), newId());
    await mkdir(this.folder(), { recursive: true, mode: 0o700 });
    try {
      await this.fillInTime(directory, { source, archive });
    } catch (error) {
      await rm(directory, { recursive: true, force: true });
      throw error;
    }
    return {
      moveTo: (folder) => rename(directory, folder),
      remove: () => rm(directory, { recursive: true, force: true }),
    };
  }

  private async fillInTime(directory: string, from: ImportSource): Promise<void> {
    const timeoutMs = this.limits.value('workspace.importTimeoutMs');
    const stop = new AbortController();
    const code = from.archive ? 'archive_refused' : 'source_refused';
    const cancelTimeout = this.clock.schedule(() => stop.abort(new AppError(code, `It took longer than ${timeoutMs} ms. Nothing was created.`)), timeoutMs);
    try {
      if (from.archive) await this.unpack(from.archive, directory, stop.signal);
      if (from.source) await this.clone(from.source.path, directory, stop.signal);
    } finally {
      cancelTimeout();
    }
  }

  private async unpack(archive: UploadedArchive, directory: string, signal: AbortSignal): Promise<void> {
    await mkdir(directory, { mode: 0o755 });
    const { owner } = this.sandbox;
    if (owner && getuid?.() === 0) await chown(directory, owner.uid, owner.gid);
    const maxBytes = Math.min(this.limits.value('workspace.maxBytes'), archive.bytes * this.limits.value('workspace.maxArchiveRatio'));
    await unpackArchive(archive.path, new ImportTarget(directory, { maxBytes, maxFiles: this.limits.value('workspace.maxFiles') }, owner), signal);
  }

  private async clone(path: string, directory: string, signal: AbortSignal): Promise<void> {
    await cloneRepository(await allowedSource(path, this.config.workspaces.sources), directory, signal);
    const { files, bytes } = await measureFolder(directory, this.clock);
    const [maxFiles, maxBytes] = [this.limits.value('workspace.maxFiles'), this.limits.value('workspace.maxBytes')];
    if (files > maxFiles || bytes > maxBytes) throw new AppError('source_refused', `The repository is too large: ${files} files and folders with ${bytes} bytes, of at most ${maxFiles} and ${maxBytes}.`);
    if (this.sandbox.owner && getuid?.() === 0) await chownTree(directory, this.sandbox.owner);
  }

  private folder(): string {
    return join(this.config.workspaces.directory, IMPORTS_FOLDER);
  }
}
