import { ToolError } from '../tool-error.js';
import { lineNumberAt } from './lines.js';
import { explainNoMatch } from './explain-no-match.js';
import { findLoosely, type LooseMatch } from './loose-match.js';

export interface EditRequest {
  readonly oldText: string;
  readonly newText: string;
  readonly replaceAll: boolean;
}

export interface EditOutcome {
  readonly text: string;
  readonly replacements: number;
  /** Line of the new text where the first replacement starts. */
  readonly firstLine: number;
  /** What was overlooked to find the place, or null for an exact match. */
  readonly tolerance: string | null;
}

interface Replacement {
  readonly start: number;
  readonly end: number;
  readonly newText: string;
}

/**
 * Replaces text that is given literally. When it is not there to the letter, differences of white space are overlooked, as long as one
 * place remains; the new text gets the line ends that the file uses.
 * @throws ToolError `no_match` saying what is there instead, or `ambiguous_match` with the lines
 */
export function editText(text: string, request: EditRequest, path: string): EditOutcome {
  const lineEnds = text.split('\r\n').length * 2 > text.split('\n').length ? (['\r\n', '\n'] as const) : (['\n', '\r\n'] as const);
  for (const lineEnd of lineEnds) {
    const oldText = withLineEnds(request.oldText, lineEnd);
    const newText = withLineEnds(request.newText, lineEnd);
    const places = findExactly(text, oldText).map((start) => ({ start, end: start + oldText.length, newText }));
    if (places.length > 0) return replace(text, places, request, path, null);
  }
  const loose = findLoosely(text, request.oldText);
  if (!loose) throw new ToolError('no_match', explainNoMatch(text, request.oldText, path));
  const [lineEnd] = lineEnds;
  const newText = withLineEnds(request.newText, lineEnd);
  return replace(text, loose.places.map((place) => toReplacement(place, newText, lineEnd, text)), request, path, loose.tolerance);
}

function replace(text: string, replacements: readonly Replacement[], { replaceAll }: EditRequest, path: string, tolerance: string | null): EditOutcome {
  const [first] = replacements;
  if (!first) throw new Error('There is nothing to replace.');
  if (replacements.length > 1 && !replaceAll) {
    const lines = replacements.map(({ start }) => lineNumberAt(text, start)).join(', ');
    throw new ToolError('ambiguous_match', `oldText is in ${path} ${replacements.length} times, at lines ${lines}. Give more of the text around the one you mean, or set replaceAll.`);
  }
  let result = '';
  let position = 0;
  for (const { start, end, newText } of replacements) {
    result += text.slice(position, start) + newText;
    position = end;
  }
  return { text: result + text.slice(position), replacements: replacements.length, firstLine: lineNumberAt(text, first.start), tolerance };
}

function findExactly(text: string, wanted: string): number[] {
  const starts: number[] = [];
  for (let start = text.indexOf(wanted); start >= 0; start = text.indexOf(wanted, start + wanted.length)) starts.push(start);
  return starts;
}

function toReplacement({ start, end, reindent }: LooseMatch, newText: string, lineEnd: string, text: string): Replacement {
  // Whole lines matched, so deleting them takes their last line end along.
  if (newText === '') return { start, end: text.startsWith(lineEnd, end) ? end + lineEnd.length : end, newText };
  return { start, end, newText: newText.replace(/\r?\n$/, '').split(lineEnd).map(reindent).join(lineEnd) };
}

function withLineEnds(text: string, lineEnd: string): string {
  return text.replace(/\r?\n/g, lineEnd);
}
