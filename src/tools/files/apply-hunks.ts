import { ToolError } from '../tool-error.js';
import { explainNoMatch } from './explain-no-match.js';
import type { Hunk } from './parse-patch.js';

/**
 * The text with all hunks applied. Each is looked for where it says, else at the nearest place whose lines are the same, white space at
 * their ends aside. Line ends stay as the file has them.
 * @throws ToolError `no_match` saying which hunk fits nowhere and how the nearest place differs
 */
export function applyHunks(text: string, hunks: readonly Hunk[], path: string): string {
  const lineEnd = text.includes('\r\n') ? '\r\n' : '\n';
  const lines = text.split('\n').map((line) => line.replace(/\r$/, ''));
  const endsOpen = lines.at(-1) !== '';
  if (!endsOpen) lines.pop();
  let isOpen = endsOpen && text !== '';
  let shift = 0;
  let earliest = 0;
  for (const [number, hunk] of hunks.entries()) {
    const old = hunk.lines.filter(({ kind }) => kind !== 'added').map((line) => line.text);
    const replacement = hunk.lines.filter(({ kind }) => kind !== 'removed');
    // A hunk that only adds says after which line; others say which line they begin with.
    const expected = hunk.startLine - (old.length === 0 ? 0 : 1) + shift;
    const at = old.length === 0 ? Math.min(Math.max(expected, earliest), lines.length) : findNearest(lines, old, expected, earliest);
    if (at < 0) throw new ToolError('no_match', `Hunk ${number + 1} (${hunk.header}) does not fit. ${explainNoMatch(text, old.join('\n'), path).replace('oldText', 'What it replaces')}`);
    const kept = lines.slice(at, at + old.length);
    let position = 0;
    const result = hunk.lines.flatMap(({ kind, text: line }) => (kind === 'added' ? [line] : kind === 'context' ? [kept[position++] ?? line] : (position++, [])));
    const reachesEnd = at + old.length === lines.length;
    lines.splice(at, old.length, ...result);
    if (reachesEnd && replacement.length > 0) isOpen = hunk.newEndsOpen || (isOpen && !hunk.oldEndsOpen);
    shift += result.length - old.length;
    earliest = at + result.length;
  }
  return lines.length === 0 ? '' : lines.join(lineEnd) + (isOpen ? '' : lineEnd);
}

/** The start nearest to `expected` at which all lines are the same, exactly or, failing that, but for their ends; -1 for none. */
function findNearest(lines: readonly string[], wanted: readonly string[], expected: number, earliest: number): number {
  for (const essence of [(line: string) => line, (line: string) => line.trimEnd()]) {
    const want = wanted.map(essence);
    const fits = (start: number): boolean => want.every((line, offset) => essence(lines[start + offset] ?? '') === line);
    const starts = Array.from({ length: Math.max(0, lines.length - wanted.length - earliest + 1) }, (_, index) => earliest + index).filter(fits);
    const [nearest] = starts.sort((a, b) => Math.abs(a - expected) - Math.abs(b - expected));
    if (nearest !== undefined) return nearest;
  }
  return -1;
}
