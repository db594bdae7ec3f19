import { existsSync } from 'node:fs';
import { type FileHandle, readlink, realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pid, platform } from 'node:process';

/** Where Linux shows the descriptors of this process as paths. Named by number, which the kernel resolves faster than `self`. */
const DESCRIPTORS = `/proc/${pid}/fd`;

export const HAS_DESCRIPTOR_PATHS = platform === 'linux' && existsSync(DESCRIPTORS);

/** A path to what is open under a descriptor, whatever its name is by now. */
export function descriptorPath(descriptor: number): string {
  return `${DESCRIPTORS}/${descriptor}`;
}

/**
 * How a path is tied to a directory that is already open, so that swapping a part of the path for a link
 * between check and use leads nowhere.
 */
export interface Anchoring {
  /** Whether `entryPath` is resolved from the descriptor, so that what it opens needs no second look. */
  readonly bindsEntries: boolean;
  /** A path to an entry of the opened directory. */
  entryPath(directory: FileHandle, directoryPath: string, name: string): string;
  /** Whether the handle is what `path` names with no link in between. */
  isAt(handle: FileHandle, path: string): Promise<boolean>;
}

/** Linux: the kernel resolves entries from the descriptor itself, as openat(2) does, and tells where a descriptor is. */
export const descriptorAnchoring: Anchoring = {
  bindsEntries: true,
  entryPath: (directory, _directoryPath, name) => `${descriptorPath(directory.fd)}/${name}`,
  isAt: async (handle, path) => (await readlink(descriptorPath(handle.fd))) === path,
};

/** Elsewhere: the name is resolved again and must still mean what was opened. A link swapped in is noticed after the open, before any use. */
export const realpathAnchoring: Anchoring = {
  bindsEntries: false,
  entryPath: (_directory, directoryPath, name) => join(directoryPath, name),
  isAt: async (handle, path) => {
    const [opened, named, real] = await Promise.all([handle.stat({ bigint: true }), stat(path, { bigint: true }), realpath(path)]);
    return real === path && opened.ino === named.ino && opened.dev === named.dev;
  },
};

export const platformAnchoring: Anchoring = HAS_DESCRIPTOR_PATHS ? descriptorAnchoring : realpathAnchoring;
