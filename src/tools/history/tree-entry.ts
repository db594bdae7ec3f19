/** What stands under a path of a workspace. `mode` are permission bits. */
export type TreeEntry =
  | { readonly kind: 'file'; readonly hash: string; readonly mode: number }
  | { readonly kind: 'link'; readonly target: string }
  | { readonly kind: 'folder' };

/** Every path of a workspace that is watched, in the order of their walk: a folder before what is in it. */
export type Tree = ReadonlyMap<string, TreeEntry>;

/** A path whose entry is not what it was. */
export interface TreeChange {
  readonly path: string;
  readonly before: TreeEntry | null;
  readonly after: TreeEntry | null;
}

export function isSameEntry(one: TreeEntry | null, other: TreeEntry | null): boolean {
  if (one === null || other === null || one.kind !== other.kind) return one === other;
  if (one.kind === 'file' && other.kind === 'file') return one.hash === other.hash && one.mode === other.mode;
  return one.kind !== 'link' || other.kind !== 'link' || one.target === other.target;
}

/** What changed between two looks at a workspace, by path. */
export function compareTrees(before: Tree, after: Tree): TreeChange[] {
  const changes: TreeChange[] = [];
  for (const path of new Set([...before.keys(), ...after.keys()])) {
    const change = { path, before: before.get(path) ?? null, after: after.get(path) ?? null };
    if (!isSameEntry(change.before, change.after)) changes.push(change);
  }
  return changes.sort((a, b) => (a.path < b.path ? -1 : 1));
}
