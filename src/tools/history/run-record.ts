import type { TreeChange, TreeEntry } from './tree-entry.js';

/** What is kept of a run, in one file: how the workspace was before its first change, and once it has ended what it changed. */
export type RunRecord =
  | { readonly state: 'open'; readonly before: readonly (readonly [string, TreeEntry])[] }
  | { readonly state: 'closed'; readonly changes: readonly TreeChange[]; readonly undoneAt?: string }
  /** The workspace was too large to be watched. */
  | { readonly state: 'unwatched'; readonly reason: string };

/** The contents that a record needs. */
export function hashesOf(record: RunRecord): string[] {
  const entries = record.state === 'open' ? record.before.map(([, entry]) => entry) : record.state === 'closed' ? record.changes.flatMap(({ before, after }) => [before, after]) : [];
  return entries.flatMap((entry) => (entry?.kind === 'file' ? [entry.hash] : []));
}
