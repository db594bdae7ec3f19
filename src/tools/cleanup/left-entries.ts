import { lstat, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';

export interface LeftEntries {
  readonly rows: number;
  readonly hasMore: boolean;
}

/** Removes what a folder holds that was last changed before `beforeMs`, at most `limit` entries. A folder that is not there holds nothing. */
export async function removeLeftEntries(folder: string, beforeMs: number, limit: number): Promise<LeftEntries> {
  let rows = 0;
  for (const name of await namesIn(folder)) {
    const path = join(folder, name);
    const stats = await lstat(path).catch(() => null); // somebody else was quicker
    if (!stats || stats.mtimeMs >= beforeMs) continue;
    if (rows === limit) return { rows, hasMore: true };
    await rm(path, { recursive: true, force: true });
    rows++;
  }
  return { rows, hasMore: false };
}

async function namesIn(folder: string): Promise<string[]> {
  return readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
}
