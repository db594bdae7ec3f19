import { constants } from 'node:fs';
import { chown, mkdir, open } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { getuid } from 'node:process';
import { foldedPath, parseEntryPath, UnsafeEntryError } from './entry-path.js';

export interface ImportBounds {
  /** Files and folders. */
  readonly maxFiles: number;
  readonly maxBytes: number;
}

export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

/** The import would need more than it may. */
export class TooMuchError extends Error {}

const EXECUTABLE = 0o111;

/**
 * An empty folder that only this process writes to, filled entry by entry. There are only new regular files and folders
 * in it, so no entry can lead an other one elsewhere. Bytes are counted as they come, whatever the archive declares.
 */
export class ImportTarget {
  private readonly kinds = new Map<string, 'file' | 'folder'>();
  /** Paths as the archive spells them. */
  private readonly spellings = new Set<string>();
  private bytes = 0;

  constructor(
    private readonly directory: string,
    private readonly bounds: ImportBounds,
    private readonly owner: Owner | null,
  ) {}

  /** How many bytes of content came. */
  get receivedBytes(): number {
    return this.bytes;
  }

  get entries(): number {
    return this.kinds.size;
  }

  /** @throws UnsafeEntryError, TooMuchError */
  async addFolder(name: string): Promise<void> {
    await this.makeFolder(parseEntryPath(name));
  }

  /** @throws UnsafeEntryError, TooMuchError */
  async addFile(name: string, mode: number, content: AsyncIterable<Buffer>): Promise<void> {
    const path = parseEntryPath(name);
    if (path === '' || name.endsWith('/')) throw new UnsafeEntryError('its name is that of a folder');
    await this.makeFolder(path.includes('/') ? dirname(path) : '');
    this.claim(path, 'file');
    const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
    const handle = await open(join(this.directory, path), flags, mode & EXECUTABLE ? 0o755 : 0o644);
    try {
      for await (const piece of content) {
        this.count(piece.length);
        await handle.writeFile(piece);
      }
      if (this.owner && getuid?.() === 0) await handle.chown(this.owner.uid, this.owner.gid);
    } finally {
      await handle.close();
    }
  }

  /** @throws TooMuchError once the sum is more than allowed */
  private count(bytes: number): void {
    this.bytes += bytes;
    if (this.bytes > this.bounds.maxBytes) throw new TooMuchError(`it unpacks to more than ${this.bounds.maxBytes} bytes`);
  }

  private async makeFolder(path: string): Promise<void> {
    if (path === '') return;
    if (this.spellings.has(path) && this.kinds.get(foldedPath(path)) === 'folder') return;
    await this.makeFolder(path.includes('/') ? dirname(path) : '');
    this.claim(path, 'folder');
    const folder = join(this.directory, path);
    await mkdir(folder, { mode: 0o755 });
    if (this.owner && getuid?.() === 0) await chown(folder, this.owner.uid, this.owner.gid);
  }

  private claim(path: string, kind: 'file' | 'folder'): void {
    const folded = foldedPath(path);
    if (this.kinds.has(folded)) throw new UnsafeEntryError('there is another entry of that name');
    this.kinds.set(folded, kind);
    this.spellings.add(path);
    if (this.kinds.size > this.bounds.maxFiles) throw new TooMuchError(`it has more than ${this.bounds.maxFiles} files and folders`);
  }
}
