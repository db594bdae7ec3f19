import { unquotePath } from './unquote-path.js';

export interface FileCount {
  readonly path: string;
  readonly matches: number;
}

export interface MatchLine {
  readonly path: string;
  readonly line: number;
  readonly text: string;
}

/** What `search_text` found. */
export interface Matches {
  readonly total: number;
  readonly fileCount: number;
  /** In the tool's words, e.g. `12 files searched, 1 binary file left out`. */
  readonly searched: string;
  /** The most first; only the first of them when very many files matched. */
  readonly files: readonly FileCount[];
  readonly lines: readonly MatchLine[];
}

const TOTAL = /^(\d+) match(?:es)?(?: on \d+ lines?)? in (\d+) files? \((.*)\)\.$/;
const NONE = /^No match for .* \((.*)\)\.$/s;
const COUNT = /^(\d+)\t(.+)$/;
const MATCHING_LINE = /^ {2}(\d+): ?(.*)$/;
/** Between the notes of a tool and the lines of a file; a path never looks like this. */
const NOTE = /^(?:\[.*\]|Matches per file.*:)$/;

/** Reads the output of `search_text`; undefined when it is something else. */
export function parseMatches(output: string): Matches | undefined {
  const none = NONE.exec(output);
  if (none) return { total: 0, fileCount: 0, searched: none[1] ?? '', files: [], lines: [] };
  const [head = '', ...rest] = output.split('\n');
  const total = TOTAL.exec(head);
  if (!total) return undefined;
  const counted: FileCount[] = [];
  const lines: MatchLine[] = [];
  let path: string | undefined;
  for (const row of rest) {
    const count = COUNT.exec(row);
    const match = MATCHING_LINE.exec(row);
    if (count) counted.push({ matches: Number(count[1]), path: unquotePath(count[2] ?? '') });
    else if (match && path !== undefined) lines.push({ path, line: Number(match[1]), text: match[2] ?? '' });
    else if (row !== '' && !row.startsWith('  ') && !NOTE.test(row)) path = unquotePath(row);
  }
  const files = counted.length > 0 ? counted : countLines(lines, Number(total[1]));
  return { total: Number(total[1]), fileCount: Number(total[2]), searched: total[3] ?? '', files, lines };
}

/** A single file has no table of counts. */
function countLines(lines: readonly MatchLine[], total: number): FileCount[] {
  const counts = new Map<string, number>();
  for (const { path } of lines) counts.set(path, (counts.get(path) ?? 0) + 1);
  const files = [...counts].map(([path, matches]) => ({ path, matches }));
  const [only] = files;
  return only && files.length === 1 ? [{ path: only.path, matches: total }] : files.sort((a, b) => b.matches - a.matches);
}
