import { constants } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { ToolError } from '../tool-error.js';
import type { DirectoryHandle } from './directory-handle.js';

/** A regular file as found; owner and mode are kept when it is replaced. */
export interface FileEntry {
  readonly bytes: Buffer;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
}

/**
 * Reads a regular file of at most `maxBytes`.
 * A file with further hard links may be the same as one outside the workspace, and there is no telling: it is refused.
 */
export async function readEntry(directory: DirectoryHandle, name: string, path: string, maxBytes: number): Promise<FileEntry> {
  const handle = await directory.openEntry(name, constants.O_RDONLY);
  try {
    const stats = await handle.stat();
    if (stats.isDirectory()) throw new ToolError('not_found', `${path} is a folder. Use list_files to see what is in it.`);
    if (!stats.isFile()) throw new ToolError('denied', `${path} is not a regular file.`);
    if (stats.nlink > 1) throw new ToolError('denied', `${path} has ${stats.nlink} hard links, so it may also be a file outside the workspace. It is closed to tools.`);
    if (stats.size > maxBytes) throw new ToolError('too_large', `${path} has ${stats.size} bytes; the most that tools handle is ${maxBytes}.`);
    return { bytes: await readFully(handle, stats.size), mode: stats.mode, uid: stats.uid, gid: stats.gid };
  } finally {
    await handle.close();
  }
}

/** Bounded by the size at the time of the check, however the file grows meanwhile. */
async function readFully(handle: FileHandle, size: number): Promise<Buffer> {
  const buffer = Buffer.allocUnsafe(size);
  let length = 0;
  while (length < size) {
    const { bytesRead } = await handle.read(buffer, length, size - length, length);
    if (bytesRead === 0) break;
    length += bytesRead;
  }
  return buffer.subarray(0, length);
}
