import { unquotePath } from './unquote-path.js';

/** What `find_files` found. */
export interface FoundPaths {
  /** How many there are; more than `paths` when there are very many. */
  readonly found: number;
  readonly paths: readonly string[];
  /** What the tool had to leave out, in its words. */
  readonly notes: readonly string[];
}

/** Reads the output of `find_files`. */
export function parsePaths(output: string): FoundPaths {
  const [head = '', ...rest] = output.split('\n');
  const found = /^(\d+) files?:$/.exec(head);
  if (!found) return { found: 0, paths: [], notes: [] };
  const isNote = (row: string): boolean => /^\[.*\]$/.test(row);
  return {
    found: Number(found[1]),
    paths: rest.filter((row) => row !== '' && !isNote(row)).map(unquotePath),
    notes: rest.filter(isNote).map((row) => row.slice(1, -1)),
  };
}
