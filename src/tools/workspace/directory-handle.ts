import { constants } from 'node:fs';
import { type FileHandle, lstat, mkdir, open } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { getuid } from 'node:process';
import { ToolError } from '../tool-error.js';
import type { Anchoring } from './anchoring.js';
import type { WorkspacePath } from './workspace-path.js';

const DIRECTORY = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;

/**
 * An open folder of a workspace that no link led to (I5). Folders are entered one by one from the root, each through the
 * descriptor of the one before, so a folder swapped for a link on the way is refused and not even looked through.
 */
export class DirectoryHandle {
  private constructor(
    private readonly handle: FileHandle,
    private readonly path: string,
    private readonly anchoring: Anchoring,
  ) {}

  /** @param options.create makes the folders that are missing */
  static async open(root: string, folder: WorkspacePath, anchoring: Anchoring, options: { create?: boolean } = {}): Promise<DirectoryHandle> {
    let directory = await DirectoryHandle.enter(root, root, anchoring);
    for (const name of folder.split('/').filter(Boolean)) {
      const parent = directory;
      try {
        directory = await parent.openFolder(name, options.create ?? false);
      } finally {
        await parent.close();
      }
    }
    return directory;
  }

  /** A path to an entry that stays tied to this folder. Never hand it to anything that follows links. */
  entry(name: string): string {
    return this.anchoring.entryPath(this.handle, this.path, name);
  }

  /** Opens an entry without following a link; the caller closes it. */
  async openEntry(name: string, flags: number, mode?: number): Promise<FileHandle> {
    const handle = await open(this.entry(name), flags | constants.O_NOFOLLOW | constants.O_NONBLOCK | constants.O_NOCTTY, mode);
    const isBound = this.anchoring.bindsEntries || (await this.isAt(handle, join(this.path, name)));
    return closeUnless(handle, isBound, name);
  }

  /** Whose the folder is: what root makes in it is handed to the same user, or its owner could not work on it. */
  async owner(): Promise<{ readonly uid: number; readonly gid: number }> {
    return this.handle.stat();
  }

  async close(): Promise<void> {
    await this.handle.close();
  }

  private async openFolder(name: string, create: boolean): Promise<DirectoryHandle> {
    const isMade = create && (await this.makeFolder(name));
    const folder = await DirectoryHandle.enter(this.entry(name), join(this.path, name), this.anchoring);
    if (isMade && getuid?.() === 0) {
      const { uid, gid } = await this.owner();
      await folder.handle.chown(uid, gid);
    }
    return folder;
  }

  /** @returns false when there is something of that name */
  private async makeFolder(name: string): Promise<boolean> {
    try {
      await mkdir(this.entry(name));
      return true;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      return false;
    }
  }

  private static async enter(path: string, expectedPath: string, anchoring: Anchoring): Promise<DirectoryHandle> {
    const handle = await open(path, DIRECTORY).catch(async (error: NodeJS.ErrnoException) => {
      // Linux answers ENOTDIR for a link too; only a look at the entry itself tells the two apart.
      if (error.code === 'ENOTDIR' && (await lstat(path)).isSymbolicLink()) throw linkError(basename(expectedPath));
      throw error;
    });
    const directory = new DirectoryHandle(handle, expectedPath, anchoring);
    await closeUnless(handle, await directory.isAt(handle, expectedPath), basename(expectedPath));
    return directory;
  }

  private async isAt(handle: FileHandle, path: string): Promise<boolean> {
    // A name that is gone again cannot be what was opened.
    return this.anchoring.isAt(handle, path).catch(() => false);
  }
}

async function closeUnless(handle: FileHandle, holds: boolean, name: string): Promise<FileHandle> {
  if (holds) return handle;
  await handle.close();
  throw linkError(name);
}

function linkError(name: string): ToolError {
  return new ToolError('outside_workspace', `The path leads through the symbolic link "${name}", and links are not followed.`);
}
