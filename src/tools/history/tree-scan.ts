import { type BigIntStats, lstatSync, readlinkSync, unlinkSync } from 'node:fs';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Clock } from '../../common/index.js';
import { isTemporaryName } from '../workspace/atomic-write.js';
import { isSecretName } from '../workspace/protected-path.js';
import { SyncDirectory } from '../workspace/sync-directory.js';
import type { ObjectStore } from './object-store.js';
import type { Tree, TreeEntry } from './tree-entry.js';

/** What is known of a file from an earlier look: when the file system says the same of it, it is not read again. */
export interface KnownFile {
  readonly stamp: string;
  readonly hash: string;
}

export type KnownFiles = ReadonlyMap<string, KnownFile>;

export interface ScanBounds {
  readonly maxFiles: number;
  /** Folders inside each other. */
  readonly maxDepth: number;
  readonly maxBytes: number;
}

export interface TreeScan {
  readonly tree: Tree;
  readonly known: KnownFiles;
}

/** The workspace is larger than what is watched. */
export class TooLargeToWatchError extends Error {}

/**
 * Left out: repositories and secret files, which nothing the agent does can change, and installed packages, which are
 * most of many trees and come back by installing them.
 */
const LEFT_OUT = new Set(['.git', 'node_modules']);
const PERMISSIONS = 0o777;
/** Milliseconds of reading before other work gets its turn. */
const TURN_SPAN = 10;
/** A file that was changed this shortly before it was read may change again without its times saying so. */
const CLOCK_GRAIN_NS = 50_000_000n;

/** A temporary file that is older than this is no longer being written. */
const LONGEST_WRITE_NS = 600_000_000_000n;

/** Looks at a whole workspace through its open folders, follows no link (I5), and keeps the content of every file it has not seen yet. */
export class TreeScanner {
  private readonly tree = new Map<string, TreeEntry>();
  private readonly known = new Map<string, KnownFile>();
  private readonly startedAtNs: bigint;
  private turnStartedAtMs: number;
  private totalBytes = 0;

  constructor(
    private readonly objects: ObjectStore,
    private readonly earlier: KnownFiles,
    private readonly bounds: ScanBounds,
    private readonly clock: Clock,
  ) {
    this.startedAtNs = BigInt(clock.now()) * 1_000_000n;
    this.turnStartedAtMs = clock.monotonicMs();
  }

  /** @throws TooLargeToWatchError */
  async scan(root: string): Promise<TreeScan> {
    const directory = SyncDirectory.openRoot(root);
    try {
      await this.scanFolder(directory, '', 1);
    } finally {
      directory.close();
    }
    return { tree: this.tree, known: this.known };
  }

  private async scanFolder(directory: SyncDirectory, prefix: string, depth: number): Promise<void> {
    if (depth > this.bounds.maxDepth) throw new TooLargeToWatchError(`more than ${this.bounds.maxDepth} folders inside each other`);
    for (const { name } of directory.list()) {
      if (LEFT_OUT.has(name) || isSecretName(name)) continue;
      await this.pause();
      await ifStillThere(async () => (isTemporaryName(name) ? this.clearAway(directory, name) : this.scanEntry(directory, name, prefix + name, depth)));
    }
  }

  /** What a killed server left of a write. Nobody else sees these files, and nobody else would ever remove them. */
  private clearAway(directory: SyncDirectory, name: string): void {
    const entry = directory.entry(name);
    const stats = lstatSync(entry, { bigint: true });
    if (stats.isFile() && stats.mtimeNs < this.startedAtNs - LONGEST_WRITE_NS) unlinkSync(entry);
  }

  private async scanEntry(directory: SyncDirectory, name: string, path: string, depth: number): Promise<void> {
    const stats = lstatSync(directory.entry(name), { bigint: true });
    if (stats.isDirectory()) {
      this.add(path, { kind: 'folder' });
      const folder = directory.enter(name);
      try {
        await this.scanFolder(folder, `${path}/`, depth + 1);
      } finally {
        folder.close();
      }
    } else if (stats.isSymbolicLink()) {
      this.add(path, { kind: 'link', target: readlinkSync(directory.entry(name)) });
    } else if (stats.isFile()) {
      await this.scanFile(directory, name, path, stats);
    }
  }

  private async scanFile(directory: SyncDirectory, name: string, path: string, stats: BigIntStats): Promise<void> {
    this.totalBytes += Number(stats.size);
    if (this.totalBytes > this.bounds.maxBytes) throw new TooLargeToWatchError(`more than ${this.bounds.maxBytes} bytes`);
    const stamp = `${stats.ino}:${stats.size}:${stats.mtimeNs}:${stats.ctimeNs}`;
    const earlier = this.earlier.get(path);
    const hash = earlier?.stamp === stamp ? earlier.hash : await this.keep(directory, name);
    if (stats.ctimeNs < this.startedAtNs - CLOCK_GRAIN_NS) this.known.set(path, { stamp, hash });
    this.add(path, { kind: 'file', hash, mode: Number(stats.mode) & PERMISSIONS });
  }

  private async keep(directory: SyncDirectory, name: string): Promise<string> {
    const file = directory.openFile(name);
    try {
      return await this.objects.keep(file, () => this.pause());
    } finally {
      file.close();
    }
  }

  private add(path: string, entry: TreeEntry): void {
    this.tree.set(path, entry);
    if (this.tree.size > this.bounds.maxFiles) throw new TooLargeToWatchError(`more than ${this.bounds.maxFiles} files and folders`);
  }

  /** Lets other work of the process have its turn now and then. */
  private async pause(): Promise<void> {
    if (this.clock.monotonicMs() - this.turnStartedAtMs < TURN_SPAN) return;
    await nextTurn();
    this.turnStartedAtMs = this.clock.monotonicMs();
  }
}

/** What goes while it is looked at was not there; what turned into a link or a folder meanwhile is left for the next look. */
async function ifStillThere(look: () => Promise<void>): Promise<void> {
  try {
    await look();
  } catch (error) {
    if (!['ENOENT', 'ENOTDIR', 'ELOOP', 'EACCES'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
  }
}
