import { constants } from 'node:fs';
import { lchown, rename, rm, rmdir, symlink } from 'node:fs/promises';
import { randomBytes } from 'node:crypto';
import { getuid } from 'node:process';
import { AppError } from '../../common/index.js';
import { platformAnchoring } from '../workspace/anchoring.js';
import { writeAtomically } from '../workspace/atomic-write.js';
import { DirectoryHandle } from '../workspace/directory-handle.js';
import { splitPath } from '../workspace/workspace-path.js';
import type { ObjectStore } from './object-store.js';
import { isSameEntry, type Tree, type TreeChange, type TreeEntry } from './tree-entry.js';

const NAMED_PATHS = 20;
const NEVER_ABORTED = new AbortController().signal;

/**
 * Puts every changed path back to what it was.
 * @param present the workspace as it is; a path may be as the run left it, or already as it was before
 * @throws AppError `workspace_changed` before anything is written, naming the paths that are neither
 */
export async function restoreChanges(root: string, changes: readonly TreeChange[], present: Tree, objects: ObjectStore): Promise<void> {
  assertUntouched(changes, present);
  const due = changes.filter(({ path, before }) => !isSameEntry(present.get(path) ?? null, before));
  // First goes what stands in the way, the innermost first; then what was there comes back, folders before what is in them.
  for (const { path } of due.filter(({ path, before }) => mustGo(present.get(path) ?? null, before)).reverse()) await remove(root, path, present.get(path) as TreeEntry);
  for (const { path, before } of due) if (before) await putBack(root, path, before, objects);
}

function assertUntouched(changes: readonly TreeChange[], present: Tree): void {
  const touched = changes.filter(({ path, before, after }) => {
    const now = present.get(path) ?? null;
    return !isSameEntry(now, after) && !isSameEntry(now, before);
  });
  const inTheWay = addedInside(changes, present);
  const paths = [...touched.map(({ path }) => path), ...inTheWay];
  if (paths.length === 0) return;
  const more = paths.length > NAMED_PATHS ? ` and ${paths.length - NAMED_PATHS} more` : '';
  const named = paths.slice(0, NAMED_PATHS);
  throw new AppError('workspace_changed', `Nothing was undone: ${named.join(', ')}${more} changed after the run. Undo those changes first, or put the files right by hand.`, { extensions: { paths: named } });
}

/** What somebody put into a folder that the run made and that would go. */
function addedInside(changes: readonly TreeChange[], present: Tree): string[] {
  const changed = new Set(changes.map(({ path }) => path));
  const going = changes.filter(({ before, after }) => after?.kind === 'folder' && before?.kind !== 'folder').map(({ path }) => `${path}/`);
  if (going.length === 0) return [];
  return [...present.keys()].filter((path) => !changed.has(path) && going.some((folder) => path.startsWith(folder)));
}

function mustGo(now: TreeEntry | null, before: TreeEntry | null): boolean {
  return now !== null && now.kind !== before?.kind;
}

async function remove(root: string, path: string, now: TreeEntry): Promise<void> {
  await within(root, path, async (directory, name) => {
    if (now.kind === 'folder') await rmdir(directory.entry(name)).catch(leaveWhatIsNotWatched);
    else await rm(directory.entry(name), { force: true });
  });
}

/** A folder that still holds something holds what is not watched, such as installed packages: it stays. */
function leaveWhatIsNotWatched(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ENOTEMPTY') throw error;
}

async function putBack(root: string, path: string, before: TreeEntry, objects: ObjectStore): Promise<void> {
  if (before.kind === 'folder') {
    const folder = await DirectoryHandle.open(root, path, platformAnchoring, { create: true });
    return folder.close();
  }
  await within(root, path, async (directory, name) => {
    const { uid, gid } = await directory.owner();
    if (before.kind === 'link') return linkAtomically(directory, name, before.target, { uid, gid });
    await writeAtomically(directory, name, await objects.read(before.hash), { bytes: Buffer.alloc(0), mode: constants.S_IFREG | before.mode, uid, gid }, NEVER_ABORTED);
  });
}

/** The target is only written down, never followed. */
async function linkAtomically(directory: DirectoryHandle, name: string, target: string, owner: { uid: number; gid: number }): Promise<void> {
  const temporary = `.lomu-${randomBytes(8).toString('hex')}.tmp`;
  await symlink(target, directory.entry(temporary));
  if (getuid?.() === 0) await lchown(directory.entry(temporary), owner.uid, owner.gid);
  await rename(directory.entry(temporary), directory.entry(name));
}

async function within(root: string, path: string, use: (directory: DirectoryHandle, name: string) => Promise<void>): Promise<void> {
  const { folder, name } = splitPath(path);
  const directory = await DirectoryHandle.open(root, folder, platformAnchoring, { create: true });
  try {
    await use(directory, name);
  } finally {
    await directory.close();
  }
}
