import { ToolError } from '../tool-error.js';

export interface Hunk {
  /** Where it says it belongs, counted from 1. */
  readonly startLine: number;
  /** The header as written. */
  readonly header: string;
  readonly lines: readonly { readonly kind: 'context' | 'removed' | 'added'; readonly text: string }[];
  /** Whether the last line of the old or new text has no line end. */
  readonly oldEndsOpen: boolean;
  readonly newEndsOpen: boolean;
}

/** What a patch does with one file. */
export interface FilePatch {
  /** Null for a file that is created. */
  readonly oldPath: string | null;
  /** Null for a file that is deleted. */
  readonly newPath: string | null;
  readonly hunks: readonly Hunk[];
}

const HUNK_HEADER = /^@@ -(\d+)(?:,\d+)? \+(\d+)(?:,\d+)? @@/;
const NO_FILE = '/dev/null';

/** Reads a unified diff as git and diff write it. Line counts in hunk headers are not relied on: models miscount. @throws ToolError `invalid_input` */
export function parsePatch(patch: string): FilePatch[] {
  const lines = patch.replace(/\r\n/g, '\n').split('\n');
  const files: FilePatch[] = [];
  for (let index = 0; index < lines.length; ) {
    if (!isFileHeader(lines, index)) {
      if (HUNK_HEADER.test(lines[index] ?? '')) throw new ToolError('invalid_input', `Line ${index + 1}: a hunk without the lines "--- a/file" and "+++ b/file" before it.`);
      index++;
      continue;
    }
    const [oldPath, newPath] = [pathOf(lines[index] ?? ''), pathOf(lines[index + 1] ?? '')];
    index += 2;
    const hunks: Hunk[] = [];
    while (HUNK_HEADER.test(lines[index] ?? '')) {
      const end = endOfHunk(lines, index + 1);
      hunks.push(toHunk(lines.slice(index, end)));
      index = end;
    }
    if (hunks.length === 0) throw new ToolError('invalid_input', `${newPath ?? oldPath}: no hunk such as "@@ -1,3 +1,4 @@" follows.`);
    if (oldPath === null && newPath === null) throw new ToolError('invalid_input', 'Both sides of a file are /dev/null.');
    files.push({ oldPath, newPath, hunks });
  }
  if (files.length === 0) throw new ToolError('invalid_input', 'This is no unified diff: it has no lines "--- a/file" and "+++ b/file" followed by a hunk.');
  return files;
}

function isFileHeader(lines: readonly string[], index: number): boolean {
  return (lines[index]?.startsWith('--- ') && lines[index + 1]?.startsWith('+++ ')) ?? false;
}

/** Without the prefixes of git, and without the time that diff adds. */
function pathOf(header: string): string | null {
  const path = (header.slice(4).split('\t')[0] ?? '').trim();
  return path === NO_FILE ? null : path.replace(/^[ab]\//, '');
}

function endOfHunk(lines: readonly string[], start: number): number {
  let end = start;
  while (end < lines.length && /^[ +\-\\]|^$/.test(lines[end] ?? '') && !isFileHeader(lines, end)) end++;
  // Empty lines between files and at the end of the patch belong to no hunk.
  while (end > start && lines[end - 1] === '') end--;
  return end;
}

function toHunk([header = '', ...body]: readonly string[]): Hunk {
  const lines: Hunk['lines'][number][] = [];
  let [oldEndsOpen, newEndsOpen] = [false, false];
  for (const line of body) {
    const last = lines.at(-1);
    if (line.startsWith('\\')) {
      oldEndsOpen ||= last?.kind !== 'added';
      newEndsOpen ||= last?.kind !== 'removed';
    } else {
      lines.push({ kind: line.startsWith('+') ? 'added' : line.startsWith('-') ? 'removed' : 'context', text: line.slice(1) });
    }
  }
  return { startLine: Number(HUNK_HEADER.exec(header)?.[1] ?? 1), header, lines, oldEndsOpen, newEndsOpen };
}
