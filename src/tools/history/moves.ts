import type { TreeChange } from './tree-entry.js';

export interface MovedChange extends TreeChange {
  /** Where the same content was before. */
  readonly from?: string;
}

/** Joins a file that is gone and one that has come with the same content and mode into one change. A change of kind is taken apart into both. */
export function findMoves(changes: readonly TreeChange[]): MovedChange[] {
  const plain = changes.flatMap(splitKinds);
  const gone = new Map<string, TreeChange[]>();
  for (const change of plain) {
    if (change.after === null && change.before?.kind === 'file') gone.set(keyOf(change.before), [...(gone.get(keyOf(change.before)) ?? []), change]);
  }
  const sources = new Set<TreeChange>();
  const moved = plain.map((change): MovedChange => {
    if (change.before !== null || change.after?.kind !== 'file') return change;
    const source = gone.get(keyOf(change.after))?.shift();
    if (!source) return change;
    sources.add(source);
    return { path: change.path, from: source.path, before: source.before, after: change.after };
  });
  return moved.filter((change) => !sources.has(change));
}

function splitKinds(change: TreeChange): TreeChange[] {
  const { path, before, after } = change;
  if (before === null || after === null || before.kind === after.kind) return [change];
  return [
    { path, before, after: null },
    { path, before: null, after },
  ];
}

function keyOf(file: { readonly hash: string; readonly mode: number }): string {
  return `${file.hash}:${file.mode}`;
}
