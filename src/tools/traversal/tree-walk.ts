import type { Dirent } from 'node:fs';
import { ToolError } from '../tool-error.js';
import { isTemporaryName } from '../workspace/atomic-write.js';
import { explainFileSystemError } from '../workspace/file-system-error.js';
import { SyncDirectory } from '../workspace/sync-directory.js';
import type { WorkspacePath } from '../workspace/workspace-path.js';
import { IgnoreRules } from './ignore-rules.js';
import { isInShare, type Share } from './share.js';

const MAX_IGNORE_FILE_BYTES = 1024 * 1024;
/** Deeper folders are not entered: each level holds a descriptor open. */
const MAX_DEPTH = 200;

export interface WalkRequest {
  /** Absolute, with no link in it. */
  readonly root: string;
  /** Folder to walk, or a single file. */
  readonly start: WorkspacePath;
  /** Shows what git would ignore, too. `.git` itself only ever when `start` is inside it. */
  readonly includeIgnored: boolean;
  /** Files after which the walk ends. */
  readonly maxFiles: number;
  /** Several threads walk the same tree, each with its share of the files and of `maxFiles`. Default: all. */
  readonly share?: Share;
  /** Levels of folders entered; 1 is the start alone. */
  readonly maxDepth?: number;
}

export interface WalkedEntry {
  readonly path: WorkspacePath;
  readonly name: string;
  /** Links are shown and never followed. */
  readonly kind: 'file' | 'folder' | 'link' | 'special';
  /** The opened folder that the entry is in, for as long as the entry is the current one. */
  readonly folder: SyncDirectory;
}

/** A folder that the walk is in. */
interface Level {
  readonly folder: SyncDirectory;
  readonly path: WorkspacePath;
  /** Null where nothing is left out. */
  rules: IgnoreRules | null;
  /** What is still to be visited, the next one last. */
  left: Dirent[];
}

/** A walk through a tree in the order of names, each folder right before what is in it. Blocks: for worker threads. */
export class TreeWalk implements Iterable<WalkedEntry> {
  /** Folders that could not be entered. */
  unreadable = 0;
  /** Whether `maxFiles` ended the walk early. */
  isCutShort = false;
  private files = 0;
  private readonly levels: Level[] = [];

  constructor(private readonly request: WalkRequest) {}

  /** @throws ToolError when the start cannot be entered */
  *[Symbol.iterator](): Generator<WalkedEntry> {
    try {
      this.enterStart();
      const { share, maxFiles } = this.request;
      const most = Math.ceil(maxFiles / (share?.of ?? 1));
      const deepest = Math.min(MAX_DEPTH, this.levels.length - 1 + (this.request.maxDepth ?? MAX_DEPTH));
      for (let level = this.levels.at(-1); level; level = this.levels.at(-1)) {
        const dirent = level.left.pop();
        if (!dirent) {
          this.levels.pop()?.folder.close();
          continue;
        }
        const entry = toEntry(dirent, level);
        if (entry.kind === 'file' && share && !isInShare(entry.path, share)) continue;
        if (isLeftOut(entry, level)) continue;
        if (entry.kind === 'file' && ++this.files > most) {
          this.isCutShort = true;
          return;
        }
        yield entry;
        if (entry.kind === 'folder' && this.levels.length < deepest) this.tryDescend(entry, level);
      }
    } finally {
      for (const { folder } of this.levels.splice(0)) folder.close();
    }
  }

  /** Goes from the root down to the start, for the sake of the rules on the way, with nothing left to visit beside it. */
  private enterStart(): void {
    const { root, start, includeIgnored } = this.request;
    try {
      this.descend(SyncDirectory.openRoot(root), '', includeIgnored ? null : IgnoreRules.none());
      for (const name of start.split('/').filter(Boolean)) {
        const level = this.levels.at(-1);
        const dirent = level?.left.find((candidate) => candidate.name === name);
        if (!level || !dirent) throw new ToolError('not_found', `${start} does not exist.`);
        level.left = [];
        this.enterSegment(dirent, level);
      }
    } catch (error) {
      throw explainFileSystemError(error, start);
    }
  }

  private enterSegment(dirent: Dirent, level: Level): void {
    const { path, name, kind } = toEntry(dirent, level);
    if (kind === 'link') throw new ToolError('outside_workspace', `The path leads through the symbolic link "${name}", and links are not followed.`);
    // Who names something that is ignored wants to see it.
    const rules = level.rules === null || isLeftOut({ path, name, kind }, level) ? null : level.rules;
    if (kind === 'folder') return this.descend(level.folder.enter(name), path, rules);
    if (path !== this.request.start) throw new ToolError('not_found', `${this.request.start} does not exist: ${path} is a file.`);
    level.rules = null;
    level.left = [dirent];
  }

  private tryDescend({ folder, name, path }: WalkedEntry, { rules }: Level): void {
    try {
      this.descend(folder.enter(name), path, rules);
    } catch (error) {
      if (typeof (error as NodeJS.ErrnoException).code !== 'string') throw error;
      this.unreadable++; // gone, closed to us, or made a link meanwhile
    }
  }

  private descend(folder: SyncDirectory, path: WorkspacePath, above: IgnoreRules | null): void {
    const level: Level = { folder, path, rules: above, left: [] };
    this.levels.push(level); // from here on it is closed with the others
    level.left = folder.list().reverse();
    const source = above && level.left.some(({ name }) => name === '.gitignore') ? readIgnoreFile(folder) : null;
    if (above && source !== null) level.rules = above.with(source, path);
  }
}

function toEntry(dirent: Dirent, { folder, path }: Level): WalkedEntry {
  const { name } = dirent;
  const kind = dirent.isFile() ? 'file' : dirent.isDirectory() ? 'folder' : dirent.isSymbolicLink() ? 'link' : 'special';
  return { path: path === '' ? name : `${path}/${name}`, name, kind, folder };
}

function isLeftOut({ path, name, kind }: Pick<WalkedEntry, 'path' | 'name' | 'kind'>, { rules }: Level): boolean {
  return name === '.git' || isTemporaryName(name) || (rules?.ignores(path, name, kind === 'folder') ?? false);
}

function readIgnoreFile(folder: SyncDirectory): string | null {
  try {
    const file = folder.openFile('.gitignore');
    try {
      const stats = file.stats();
      if (!stats.isFile() || stats.size > MAX_IGNORE_FILE_BYTES) return null;
      const bytes = Buffer.alloc(stats.size);
      return bytes.toString('utf8', 0, file.read(bytes));
    } finally {
      file.close();
    }
  } catch (error) {
    if (typeof (error as NodeJS.ErrnoException).code !== 'string') throw error;
    return null; // most folders have none, and one that cannot be read has no say
  }
}
