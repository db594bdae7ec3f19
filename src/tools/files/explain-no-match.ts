import { splitLines } from './lines.js';
import { similarity } from './similarity.js';

const CONTEXT_LINES = 3;
const WORTH_SHOWING = 0.4;
/** Beyond these a comparison would take too long; the rest of the file is not looked at. */
const MAX_LINES = 20_000;
const MAX_LINE_LENGTH = 400;

/** Why `wanted` is not in the text, in words that help to get it right: the nearest lines, and where they differ. */
export function explainNoMatch(text: string, wanted: string, path: string): string {
  const lines = splitLines(text);
  const wantedLines = splitLines(wanted);
  const reason = `oldText is not in ${path}, not even with other white space.${hintAtLineNumbers(wantedLines)}`;
  const nearest = findNearest(lines, wantedLines);
  if (!nearest) return `${reason} No line of it is like any line of the file (${lines.length} lines). Read the file first.`;
  const from = Math.max(0, nearest.start - CONTEXT_LINES);
  const to = Math.min(lines.length, nearest.start + wantedLines.length + CONTEXT_LINES);
  const shown = lines.slice(from, to).map((line, index) => `${from + index + 1}\t${line.slice(0, MAX_LINE_LENGTH)}`);
  return [reason, ...describeDifference(lines, wantedLines, nearest.start), 'The nearest place is:', ...shown].join('\n');
}

function hintAtLineNumbers(wanted: readonly string[]): string {
  return wanted.every((line) => /^\d+\t/.test(line)) ? ' The line numbers that read_file shows are no part of the file: leave them out.' : '';
}

function describeDifference(lines: readonly string[], wanted: readonly string[], start: number): string[] {
  const index = wanted.findIndex((line, offset) => line.trim() !== lines[start + offset]?.trim());
  if (index < 0) return [];
  const there = lines[start + index];
  return [
    `The first line that differs is ${start + index + 1}:`,
    `  yours: ${wanted[index]?.trim().slice(0, MAX_LINE_LENGTH)}`,
    `  there: ${there === undefined ? '(end of the file)' : there.trim().slice(0, MAX_LINE_LENGTH)}`,
  ];
}

/** Places the wanted text by the most telling of its lines: the longest one that the file has something like. */
function findNearest(lines: readonly string[], wanted: readonly string[]): { readonly start: number } | undefined {
  const anchors = wanted.map((line, index) => ({ line: line.trim().slice(0, MAX_LINE_LENGTH), index })).sort((a, b) => b.line.length - a.line.length);
  for (const anchor of anchors.slice(0, 3)) {
    let best = { score: WORTH_SHOWING, start: -1 };
    for (const [number, line] of lines.slice(0, MAX_LINES).entries()) {
      const score = similarity(anchor.line, line.trim().slice(0, MAX_LINE_LENGTH));
      if (score > best.score) best = { score, start: Math.max(0, number - anchor.index) };
    }
    if (best.start >= 0) return best;
  }
  return undefined;
}
