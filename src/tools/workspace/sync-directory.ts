import { closeSync, constants, type Dirent, fstatSync, openSync, readdirSync, readlinkSync, readSync, realpathSync, type Stats } from 'node:fs';
import { join } from 'node:path';
import { descriptorPath, HAS_DESCRIPTOR_PATHS } from './anchoring.js';

const DIRECTORY = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;
const FILE = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK | constants.O_NOCTTY;

/** An opened entry of a folder. What it is, only `stats` tells. */
export class SyncFile {
  constructor(private readonly descriptor: number) {}

  stats(): Stats {
    return fstatSync(this.descriptor);
  }

  /**
   * Reads on until the end of the file or of the buffer, whose first `filled` bytes stay. A regular file that gives less than was
   * asked for has no more, which spares each small file a call.
   * @returns how many bytes of the buffer are filled; when it is all of it, there may be more
   */
  read(buffer: Buffer, filled = 0): number {
    return filled + readSync(this.descriptor, buffer, filled, buffer.length - filled, null);
  }

  close(): void {
    closeSync(this.descriptor);
  }
}

/** The blocking twin of DirectoryHandle, for worker threads that read whole trees: entries are reached through the open folder, never through a link (I5). */
export class SyncDirectory {
  private constructor(
    private readonly descriptor: number,
    private readonly path: string,
  ) {}

  /** @param root absolute, with no link in it */
  static openRoot(root: string): SyncDirectory {
    return SyncDirectory.open(root, root);
  }

  /** @throws the file system's error, ENOTDIR or ELOOP for a link */
  enter(name: string): SyncDirectory {
    return SyncDirectory.open(this.entry(name), join(this.path, name));
  }

  /** Entries in the order of their names. */
  list(): Dirent[] {
    return readdirSync(HAS_DESCRIPTOR_PATHS ? descriptorPath(this.descriptor) : this.path, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** A path to an entry that stays tied to this folder, for calls that follow no link. */
  entry(name: string): string {
    return HAS_DESCRIPTOR_PATHS ? `${descriptorPath(this.descriptor)}/${name}` : join(this.path, name);
  }

  /** Opens an entry for reading, without waiting for a pipe's other end; the caller closes it. */
  openFile(name: string): SyncFile {
    const descriptor = openSync(this.entry(name), FILE);
    // Opened through its folder's descriptor, an entry needs no second look.
    return new SyncFile(HAS_DESCRIPTOR_PATHS ? descriptor : closeUnlessAt(descriptor, join(this.path, name)));
  }

  close(): void {
    closeSync(this.descriptor);
  }

  private static open(path: string, expectedPath: string): SyncDirectory {
    return new SyncDirectory(closeUnlessAt(openSync(path, DIRECTORY), expectedPath), expectedPath);
  }
}

/** The descriptor, if it is what the path names with no link in between. */
function closeUnlessAt(descriptor: number, path: string): number {
  try {
    const actual = HAS_DESCRIPTOR_PATHS ? readlinkSync(descriptorPath(descriptor)) : realpathSync(path);
    if (actual !== path) throw Object.assign(new Error('a link was swapped in'), { code: 'ELOOP' });
    return descriptor;
  } catch (error) {
    closeSync(descriptor);
    throw error;
  }
}
