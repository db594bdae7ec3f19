import { chown, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { getuid } from 'node:process';
import { SANDBOX_USER } from './test-sandbox.js';

/** Hands everything in a folder to the user that commands run as. */
export async function chownAll(folder: string): Promise<void> {
  if (getuid?.() !== 0) return;
  for (const entry of await readdir(folder, { recursive: true })) await chown(join(folder, entry), SANDBOX_USER.uid, SANDBOX_USER.gid);
}
