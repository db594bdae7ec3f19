import { createHash, randomBytes } from 'node:crypto';
import { closeSync, mkdirSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { readdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { SyncFile } from '../workspace/sync-directory.js';

/** Bytes read at once. */
const PIECE = 256 * 1024;

/** Contents of files by their SHA-256, each kept once however many runs and files have it. */
export class ObjectStore {
  /** @param directory is made when something is kept */
  constructor(private readonly directory: string) {}

  /** Copies an opened file as far as it goes now. @param pause awaited between pieces, so that other work gets its turn */
  async keep(file: SyncFile, pause: () => Promise<void>): Promise<string> {
    mkdirSync(this.directory, { recursive: true, mode: 0o700 });
    const temporary = join(this.directory, `${randomBytes(8).toString('hex')}.tmp`);
    const descriptor = openSync(temporary, 'wx', 0o600);
    try {
      const hash = await this.copy(file, descriptor, pause);
      renameSync(temporary, this.pathOf(hash)); // also over the same content, which is young again then
      return hash;
    } catch (error) {
      rmSync(temporary, { force: true });
      throw error;
    } finally {
      closeSync(descriptor);
    }
  }

  /** @throws when it is not kept, or is not what was kept */
  async read(hash: string): Promise<Buffer> {
    const bytes = await readFile(this.pathOf(hash));
    if (createHash('sha256').update(bytes).digest('hex') !== hash) throw new Error(`The kept content ${hash} is damaged.`);
    return bytes;
  }

  /**
   * Forgets what is no longer wanted, unless it was kept after `olderThanMs`: somebody may be about to want it.
   * @returns how many contents are left for that
   */
  async sweep(wanted: ReadonlySet<string>, olderThanMs: number): Promise<number> {
    let left = 0;
    for (const name of await namesIn(this.directory)) {
      const path = join(this.directory, name);
      if (wanted.has(name)) continue;
      if ((await stat(path)).mtimeMs < olderThanMs) await rm(path, { force: true });
      else left++;
    }
    return left;
  }

  private async copy(file: SyncFile, descriptor: number, pause: () => Promise<void>): Promise<string> {
    const hash = createHash('sha256');
    const buffer = Buffer.allocUnsafe(PIECE);
    for (;;) {
      const length = file.read(buffer);
      const piece = buffer.subarray(0, length);
      hash.update(piece);
      writeSync(descriptor, piece);
      if (length < buffer.length) return hash.digest('hex');
      await pause();
    }
  }

  private pathOf(hash: string): string {
    return join(this.directory, hash);
  }
}

async function namesIn(directory: string): Promise<string[]> {
  return readdir(directory).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return []; // nothing was kept yet
    throw error;
  });
}
