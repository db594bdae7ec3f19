import { realpath } from 'node:fs/promises';
import { ToolError } from '../tool-error.js';
import { type Anchoring, platformAnchoring } from './anchoring.js';
import { writeAtomically } from './atomic-write.js';
import { DirectoryHandle } from './directory-handle.js';
import { type FileEntry, readEntry } from './file-entry.js';
import { assertPresent, moveEntry, removeEntry } from './entry-changes.js';
import { explainFileSystemError } from './file-system-error.js';
import { assertReadable, assertWritable } from './protected-path.js';
import { decodeText } from './text-content.js';
import type { WorkspaceQuota } from './workspace-quota.js';
import { parseWorkspacePath, splitPath, type WorkspacePath } from './workspace-path.js';

export interface ReadOptions {
  readonly maxBytes: number;
}

export interface WriteOptions {
  readonly maxBytes: number;
  readonly signal: AbortSignal;
  /** The content that the change was made from; the write is refused when the file holds something else by now. */
  readonly expected?: string;
}

export interface WorkspaceOptions {
  readonly anchoring?: Anchoring;
  /** None for folders that Lomu did not make. */
  readonly quota?: WorkspaceQuota;
}

export interface WriteOutcome {
  readonly path: WorkspacePath;
  readonly isNew: boolean;
  /** False when the file already held exactly this. */
  readonly isChanged: boolean;
}

/** A project's folder, and the only way for tools to reach files: nothing it does touches anything outside (I5). */
export class Workspace {
  private changes = 0;
  private lastChange: Promise<unknown> = Promise.resolve();

  private constructor(
    /** Absolute, with no link in it. */
    readonly root: string,
    private readonly anchoring: Anchoring,
    private readonly quota: WorkspaceQuota | undefined,
  ) {}

  /** @param directory an existing folder; a link to it is followed here, once */
  static async open(directory: string, { anchoring = platformAnchoring, quota }: WorkspaceOptions = {}): Promise<Workspace> {
    return new Workspace(await realpath(directory), anchoring, quota);
  }

  /** Rises with each real change of content: results of reads from the same epoch are still true. */
  get epoch(): number {
    return this.changes;
  }

  /** For changes that were not made through this object: by a command, for one. */
  noteChange(): void {
    this.changes++;
    this.quota?.forget();
  }

  /** See WorkspaceQuota; undefined for a folder without one. */
  watchQuota(): (() => Promise<boolean>) | undefined {
    return this.quota?.watch(this.root);
  }

  /** @throws ToolError `outside_workspace` or `invalid_input`; links are only found out on opening */
  resolve(path: string): WorkspacePath {
    return parseWorkspacePath(this.root, path);
  }

  /** The text of a UTF-8 file. @throws ToolError saying why it cannot be read */
  async readText(path: string, { maxBytes }: ReadOptions): Promise<string> {
    const resolved = this.resolve(path);
    assertReadable(resolved);
    const { folder, name } = splitPath(resolved);
    if (name === '') throw new ToolError('not_found', 'The path names the workspace itself. Use list_files to see what is in it.');
    const entry = await this.within(folder, resolved, {}, (directory) => readEntry(directory, name, resolved, maxBytes));
    return decodeText(entry.bytes, resolved);
  }

  /** Creates or replaces a file whole, with the folders it needs. Changes of one workspace happen one after the other. */
  async writeText(path: string, text: string, options: WriteOptions): Promise<WriteOutcome> {
    const resolved = this.resolve(path);
    assertWritable(resolved);
    const bytes = Buffer.from(text);
    if (bytes.length > options.maxBytes) throw new ToolError('too_large', `${resolved} would have ${bytes.length} bytes; the most is ${options.maxBytes}.`);
    return this.inTurn(() => this.replace(resolved, bytes, options));
  }

  /** Removes a file, a link, or a folder that is empty. */
  async remove(path: string, signal: AbortSignal): Promise<WorkspacePath> {
    const resolved = this.resolve(path);
    assertWritable(resolved);
    const { folder, name } = splitPath(resolved);
    return this.inTurn(async () => {
      signal.throwIfAborted();
      await this.within(folder, resolved, {}, (directory) => removeEntry(directory, name));
      this.noteChange();
      return resolved;
    });
  }

  /** Moves a file, a link or a folder to where nothing is yet, making the folders it needs. */
  async move(from: string, to: string, signal: AbortSignal): Promise<{ readonly from: WorkspacePath; readonly to: WorkspacePath }> {
    const source = this.resolve(from);
    const target = this.resolve(to);
    for (const path of [source, target]) assertWritable(path);
    if (target === source || target.startsWith(`${source}/`)) throw new ToolError('invalid_input', `${source} cannot be moved into itself.`);
    const { folder, name } = splitPath(source);
    const destination = splitPath(target);
    return this.inTurn(async () => {
      signal.throwIfAborted();
      await this.within(folder, source, {}, async (directory) => {
        await assertPresent(directory, name);
        await this.within(destination.folder, target, { create: true }, (toDirectory) => moveEntry(directory, name, toDirectory, destination.name, target));
      });
      this.changes++;
      return { from: source, to: target };
    });
  }

  /** Changes more than one file in a turn of its own, without tools in between. */
  async change<Result>(work: () => Promise<Result>): Promise<Result> {
    return this.inTurn(async () => {
      try {
        return await work();
      } finally {
        this.noteChange();
      }
    });
  }

  private async replace(path: WorkspacePath, bytes: Buffer, { maxBytes, signal, expected }: WriteOptions): Promise<WriteOutcome> {
    signal.throwIfAborted();
    const { folder, name } = splitPath(path);
    return this.within(folder, path, { create: expected === undefined }, async (directory) => {
      const current = await readIfPresent(directory, name, path, maxBytes);
      if (expected !== undefined && current?.bytes.toString('utf8') !== expected) {
        throw new ToolError('conflict', `${path} was changed by somebody else in the meantime. Read it again.`);
      }
      const isChanged = !current?.bytes.equals(bytes);
      if (isChanged) {
        await this.quota?.reserve(this.root, path, current ? 0 : 1, bytes.length - (current?.bytes.length ?? 0));
        await writeAtomically(directory, name, bytes, current, signal);
        this.changes++;
      }
      return { path, isNew: !current, isChanged };
    });
  }

  private async within<Result>(folder: WorkspacePath, path: WorkspacePath, options: { create?: boolean }, use: (directory: DirectoryHandle) => Promise<Result>): Promise<Result> {
    try {
      const directory = await DirectoryHandle.open(this.root, folder, this.anchoring, options);
      try {
        return await use(directory);
      } finally {
        await directory.close();
      }
    } catch (error) {
      throw explainFileSystemError(error, path);
    }
  }

  private inTurn<Result>(change: () => Promise<Result>): Promise<Result> {
    const result = this.lastChange.then(change);
    // The next change waits for this one whatever became of it; its caller hears of the failure.
    this.lastChange = result.catch(() => undefined);
    return result;
  }
}

async function readIfPresent(directory: DirectoryHandle, name: string, path: WorkspacePath, maxBytes: number): Promise<FileEntry | null> {
  try {
    return await readEntry(directory, name, path, maxBytes);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}
