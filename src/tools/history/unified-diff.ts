import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Clock } from '../../common/index.js';
import { structuredPatch, type StructuredPatchHunk } from 'diff';
import { isText } from '../workspace/text-content.js';
import { findMoves } from './moves.js';
import type { ObjectStore } from './object-store.js';
import { quotePath } from './quote-path.js';
import type { TreeChange, TreeEntry } from './tree-entry.js';

export interface ChangedFile {
  readonly path: string;
  /** Where it was, when it was only moved. */
  readonly from?: string;
  readonly change: 'added' | 'modified' | 'deleted' | 'moved';
  readonly kind: TreeEntry['kind'];
  /** True when its content is no text and so is not shown. */
  readonly binary: boolean;
  readonly additions: number;
  readonly deletions: number;
}

export interface RunDiff {
  /** By path. Folders count only when they are all there is to see. */
  readonly files: readonly ChangedFile[];
  /** Unified diff as `git apply` takes it, apart from binary files, which are only named. */
  readonly diff: string;
  /** True when the diff would be too long, and some files are only in `files`. */
  readonly truncated: boolean;
  readonly undoneAt: string | null;
}

interface DiffBounds {
  readonly maxBytes: number;
  readonly timeMs: number;
}

interface Side {
  readonly text: string;
  readonly isBinary: boolean;
}

const CONTEXT_LINES = 3;
const NOTHING: Side = { text: '', isBinary: false };

/** Writes the changes of a run down as a unified diff. */
export async function formatDiff(changes: readonly TreeChange[], objects: ObjectStore, bounds: DiffBounds, clock: Clock): Promise<Omit<RunDiff, 'undoneAt'>> {
  const deadlineMs = clock.monotonicMs() + bounds.timeMs;
  const files: ChangedFile[] = [];
  let diff = '';
  let truncated = false;
  for (const change of findMoves(changes)) {
    const [before, after] = await Promise.all([sideOf(change.before, objects), sideOf(change.after, objects)]);
    const isBinary = before.isBinary || after.isBinary;
    const hunks = isBinary || before.text === after.text ? [] : hunksBetween(before.text, after.text, Math.max(1, deadlineMs - clock.monotonicMs()));
    files.push(describe(change, isBinary, hunks));
    const piece = formatFile(change, isBinary, hunks);
    if (Buffer.byteLength(diff) + Buffer.byteLength(piece) > bounds.maxBytes) truncated = true;
    else diff += piece;
    await nextTurn();
  }
  return { files, diff, truncated };
}

async function sideOf(entry: TreeEntry | null, objects: ObjectStore): Promise<Side> {
  if (entry?.kind === 'link') return { text: entry.target, isBinary: false };
  if (entry?.kind !== 'file') return NOTHING;
  const bytes = await objects.read(entry.hash);
  return isText(bytes) ? { text: bytes.toString('utf8'), isBinary: false } : { text: '', isBinary: true };
}

/** The smallest diff, or when that takes too long everything out and everything in. */
function hunksBetween(before: string, after: string, timeout: number): StructuredPatchHunk[] {
  const patch = structuredPatch('', '', before, after, undefined, undefined, { context: CONTEXT_LINES, timeout });
  return patch?.hunks ?? [replaceAll(before, after)];
}

function replaceAll(before: string, after: string): StructuredPatchHunk {
  const [removed, added] = [markLines(before, '-'), markLines(after, '+')];
  const count = (lines: readonly string[]): number => lines.filter((line) => !line.startsWith('\\')).length;
  return { oldStart: 1, oldLines: count(removed), newStart: 1, newLines: count(added), lines: [...removed, ...added] };
}

function markLines(text: string, mark: string): string[] {
  if (text === '') return [];
  const lines = text.split('\n').map((line) => mark + line);
  if (text.endsWith('\n')) return lines.slice(0, -1);
  return [...lines, '\\ No newline at end of file'];
}

function describe(change: TreeChange & { from?: string }, binary: boolean, hunks: readonly StructuredPatchHunk[]): ChangedFile {
  const { path, from, before, after } = change;
  const count = (mark: string): number => hunks.reduce((sum, hunk) => sum + hunk.lines.filter((line) => line.startsWith(mark)).length, 0);
  return {
    path,
    ...(from === undefined ? {} : { from }),
    change: from !== undefined ? 'moved' : before === null ? 'added' : after === null ? 'deleted' : 'modified',
    kind: ((after ?? before) as TreeEntry).kind, // one of the two is there
    binary,
    additions: count('+'),
    deletions: count('-'),
  };
}

/** A folder has no place in a unified diff; a change of kind is one thing deleted and another added. */
function formatFile(change: TreeChange & { from?: string }, isBinary: boolean, hunks: readonly StructuredPatchHunk[]): string {
  const { path, from = path, before, after } = change;
  if ((after ?? before)?.kind === 'folder') return '';
  const [oldName, newName] = [quotePath(`a/${from}`), quotePath(`b/${path}`)];
  const head = [`diff --git ${oldName} ${newName}`, ...modeLines(before, after)];
  if (from !== path) head.push('similarity index 100%', `rename from ${quotePath(from)}`, `rename to ${quotePath(path)}`);
  const [left, right] = [before ? oldName : '/dev/null', after ? newName : '/dev/null'];
  if (isBinary && from === path) head.push(`Binary files ${left} and ${right} differ`);
  if (hunks.length > 0) head.push(`--- ${left}`, `+++ ${right}`);
  const body = hunks.flatMap(({ oldStart, oldLines, newStart, newLines, lines }) => [`@@ -${range(oldStart, oldLines)} +${range(newStart, newLines)} @@`, ...lines]);
  return `${[...head, ...body].join('\n')}\n`;
}

/** Of an empty side, git names the line before. */
function range(start: number, lines: number): string {
  return lines === 0 ? `${Math.max(0, start - 1)},0` : lines === 1 ? `${start}` : `${start},${lines}`;
}

function modeLines(before: TreeEntry | null, after: TreeEntry | null): string[] {
  const [oldMode, newMode] = [modeOf(before), modeOf(after)];
  if (before === null) return [`new file mode ${newMode}`];
  if (after === null) return [`deleted file mode ${oldMode}`];
  return oldMode === newMode ? [] : [`old mode ${oldMode}`, `new mode ${newMode}`];
}

/** Git tells apart links and what may be executed, and nothing more. */
function modeOf(entry: TreeEntry | null): string {
  if (entry?.kind === 'link') return '120000';
  return entry?.kind === 'file' && entry.mode & 0o100 ? '100755' : '100644';
}
