import { lstat, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { getuid } from 'node:process';
import { Inject, Injectable } from '@nestjs/common';
import { CLOCK, type Clock } from '../../common/index.js';
import { describeServer, hasEnded, type ServerProcess } from './server-process.js';

export const FOLDER_PREFIX = 'lomu-sandbox-';
/** Which process a folder belongs to. */
export const OWNER_FILE = 'owner.json';

/** Milliseconds after which a folder that names no owner is nobody's: one of a self-test, or one that was just being made. */
const NAMELESS_AGE = 3_600_000;

/** Folders that servers of this machine made for their sandbox and could not remove, because they were killed. */
@Injectable()
export class SandboxLeftovers {
  constructor(@Inject(CLOCK) private readonly clock: Clock) {}

  /** @returns how many folders, at most `batchSize`, were removed */
  async clean(batchSize: number, directory: string = tmpdir()): Promise<{ rows: number; hasMore: boolean }> {
    let rows = 0;
    for (const name of await readdir(directory)) {
      if (!name.startsWith(FOLDER_PREFIX) || !(await this.isLeft(join(directory, name)))) continue;
      if (rows === batchSize) return { rows, hasMore: true };
      await rm(join(directory, name), { recursive: true, force: true });
      rows++;
    }
    return { rows, hasMore: false };
  }

  /** The temporary folder is everybody's: what is not our own folder is left alone. */
  private async isLeft(folder: string): Promise<boolean> {
    const stats = await lstat(folder).catch(() => null);
    if (!stats?.isDirectory() || stats.uid !== getuid?.()) return false;
    const owner = await readOwner(folder);
    return owner ? hasEnded(owner, describeServer()) : stats.mtimeMs < this.clock.now() - NAMELESS_AGE;
  }
}

async function readOwner(folder: string): Promise<ServerProcess | null> {
  try {
    return JSON.parse(await readFile(join(folder, OWNER_FILE), 'utf8')) as ServerProcess;
  } catch {
    return null; // none, or one that was not written to its end
  }
}
