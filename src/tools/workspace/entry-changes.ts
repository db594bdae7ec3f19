import { lstat, rename, rmdir, unlink } from 'node:fs/promises';
import { ToolError } from '../tool-error.js';
import type { DirectoryHandle } from './directory-handle.js';
import type { WorkspacePath } from './workspace-path.js';

/** A link is removed itself, whatever it leads to. @throws the file system's error, ENOTEMPTY for a folder with something in it */
export async function removeEntry(directory: DirectoryHandle, name: string): Promise<void> {
  const path = directory.entry(name);
  const stats = await lstat(path);
  await (stats.isDirectory() ? rmdir(path) : unlink(path));
}

/** @throws the file system's error, ENOENT when there is no such entry */
export async function assertPresent(directory: DirectoryHandle, name: string): Promise<void> {
  await lstat(directory.entry(name));
}

/** @throws ToolError `conflict` when something is there already */
export async function moveEntry(directory: DirectoryHandle, name: string, toDirectory: DirectoryHandle, toName: string, target: WorkspacePath): Promise<void> {
  const isTaken = await lstat(toDirectory.entry(toName)).then(
    () => true,
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return false;
      throw error;
    },
  );
  if (isTaken) throw new ToolError('conflict', `${target} exists already. Delete it first, or choose another name.`);
  await rename(directory.entry(name), toDirectory.entry(toName));
}
