import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { getuid } from 'node:process';
import type { DirectoryHandle } from './directory-handle.js';
import type { FileEntry } from './file-entry.js';

const PERMISSIONS = 0o777;
const TEMPORARY_NAME = /^\.lomu-[0-9a-f]{16}\.tmp$/;

/** Leavings of a crash in the middle of a write; nobody's content. */
export function isTemporaryName(name: string): boolean {
  return TEMPORARY_NAME.test(name);
}

/**
 * Puts a whole file in place at once: readers see the old content or the new, and a crash leaves one of the two.
 * @param replaced the file there so far, whose permissions and owner go over to the new one; a new one gets the owner of its folder
 * @param signal checked last before the change becomes visible, so that a call given up on never changes anything later
 */
export async function writeAtomically(directory: DirectoryHandle, name: string, bytes: Buffer, replaced: FileEntry | null, signal: AbortSignal): Promise<void> {
  const temporary = `.lomu-${randomBytes(8).toString('hex')}.tmp`;
  try {
    await writeWhole(directory, temporary, bytes, replaced);
    signal.throwIfAborted();
    await rename(directory.entry(temporary), directory.entry(name));
  } catch (error) {
    await rm(directory.entry(temporary), { force: true });
    throw error;
  }
}

async function writeWhole(directory: DirectoryHandle, name: string, bytes: Buffer, replaced: FileEntry | null): Promise<void> {
  const handle = await directory.openEntry(name, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o666);
  try {
    await handle.writeFile(bytes);
    if (replaced) await handle.chmod(replaced.mode & PERMISSIONS);
    if (getuid?.() === 0) {
      const { uid, gid } = replaced ?? (await directory.owner());
      await handle.chown(uid, gid);
    }
    await handle.sync();
  } finally {
    await handle.close();
  }
}
