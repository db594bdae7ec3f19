import { lchown, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Owner } from './import-target.js';

/** Hands a folder that only this process has written to over to the user who will work in it. Links are handed over, not followed. */
export async function chownTree(directory: string, { uid, gid }: Owner): Promise<void> {
  await lchown(directory, uid, gid);
  for (const entry of await readdir(directory, { withFileTypes: true })) {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) await chownTree(path, { uid, gid });
    else await lchown(path, uid, gid);
  }
}
