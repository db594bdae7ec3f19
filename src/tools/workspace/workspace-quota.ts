import { lstatSync } from 'node:fs';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Clock } from '../../common/index.js';
import { ToolError } from '../tool-error.js';
import { SyncDirectory } from './sync-directory.js';

export interface QuotaBounds {
  /** Files and folders. */
  readonly maxFiles: number;
  readonly maxBytes: number;
}

export interface WorkspaceUsage {
  readonly files: number;
  readonly bytes: number;
}

/** Milliseconds of counting before other work gets its turn. */
const TURN_SPAN = 10;
/** Folders inside each other that are counted: each is an open file of the server meanwhile. */
const DEEPEST = 200;

/** What a workspace may take. Counted once and kept up with our own changes; counted anew after what others changed. */
export class WorkspaceQuota {
  private usage?: WorkspaceUsage;

  constructor(
    private readonly bounds: () => QuotaBounds,
    private readonly clock: Clock,
  ) {}

  /** Something changed that was not reserved. */
  forget(): void {
    this.usage = undefined;
  }

  /**
   * For a command that is about to run: one that makes nothing larger may tidy a folder that is too large already.
   * @returns asked while it runs: whether the folder is larger than it may be, and than it was
   */
  watch(root: string): () => Promise<boolean> {
    const measured = this.usage ? Promise.resolve(this.usage) : measureFolder(root, this.clock);
    measured.catch(() => undefined); // told when it is asked for
    return async () => {
      const [before, now] = await Promise.all([measured, measureFolder(root, this.clock)]);
      const { maxFiles, maxBytes } = this.bounds();
      return now.files > Math.max(maxFiles, before.files) || now.bytes > Math.max(maxBytes, before.bytes);
    };
  }

  /** Before a write. What makes nothing larger is always allowed, so that a full workspace can be tidied. @throws ToolError `no_space` */
  async reserve(root: string, path: string, files: number, bytes: number): Promise<void> {
    if (files <= 0 && bytes <= 0 && !this.usage) return;
    this.usage ??= await measureFolder(root, this.clock);
    const after = { files: this.usage.files + files, bytes: this.usage.bytes + bytes };
    const { maxFiles, maxBytes } = this.bounds();
    if (bytes > 0 && after.bytes > maxBytes) throw new ToolError('no_space', `${path} was not written: the workspace would have ${after.bytes} bytes; the most is ${maxBytes}. Delete something first.`);
    if (files > 0 && after.files > maxFiles) throw new ToolError('no_space', `${path} was not written: the workspace would have ${after.files} files and folders; the most is ${maxFiles}. Delete something first.`);
    this.usage = after;
  }
}

/** Everything in a folder, whatever it is. Links count and are not followed. */
export async function measureFolder(root: string, clock: Clock): Promise<WorkspaceUsage> {
  let files = 0;
  let bytes = 0;
  let turnStartedAtMs = clock.monotonicMs();
  const measure = async (directory: SyncDirectory, depth: number): Promise<void> => {
    for (const entry of directory.list()) {
      files++;
      if (clock.monotonicMs() - turnStartedAtMs > TURN_SPAN) {
        await nextTurn();
        turnStartedAtMs = clock.monotonicMs();
      }
      if (entry.isFile()) bytes += sizeOf(directory.entry(entry.name));
      else if (entry.isDirectory() && depth < DEEPEST) await within(directory, entry.name, (folder) => measure(folder, depth + 1));
    }
  };
  const directory = SyncDirectory.openRoot(root);
  try {
    await measure(directory, 1);
  } finally {
    directory.close();
  }
  return { files, bytes };
}

async function within(directory: SyncDirectory, name: string, measure: (folder: SyncDirectory) => Promise<void>): Promise<void> {
  const folder = unlessGone(() => directory.enter(name));
  if (!folder) return;
  try {
    await measure(folder);
  } finally {
    folder.close();
  }
}

function sizeOf(path: string): number {
  return unlessGone(() => lstatSync(path).size) ?? 0;
}

/** Commands may change the folder while it is counted. */
function unlessGone<Result>(look: () => Result): Result | undefined {
  try {
    return look();
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'ELOOP', 'EACCES'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined;
    throw error;
  }
}
