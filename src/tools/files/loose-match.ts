/** A run of whole lines, its last line end not included. */
export interface LooseMatch {
  readonly start: number;
  readonly end: number;
  /** Gives a line of the new text the indentation that the file uses there. */
  readonly reindent: (line: string) => string;
}

interface Line {
  readonly text: string;
  readonly start: number;
}

/** What may differ, the least first. Each turns a line into what has to be equal. */
const TOLERANCES: readonly { readonly name: string; readonly essence: (line: string) => string }[] = [
  { name: 'white space at line ends', essence: (line) => line.trimEnd() },
  { name: 'indentation', essence: (line) => line.trim() },
  { name: 'amounts of white space', essence: (line) => line.trim().replace(/\s+/g, ' ') },
];

/** The places whose lines equal those of `wanted` but for white space, under the least tolerance that finds any. */
export function findLoosely(text: string, wanted: string): { readonly tolerance: string; readonly places: LooseMatch[] } | undefined {
  const lines = toLines(text);
  const wantedLines = withoutBlankEdges(wanted.split(/\r?\n/));
  if (wantedLines.length === 0) return undefined;
  for (const { name, essence } of TOLERANCES) {
    const places = findWindows(lines, wantedLines, essence);
    if (places.length > 0) return { tolerance: name, places };
  }
  return undefined;
}

function findWindows(lines: readonly Line[], wanted: readonly string[], essence: (line: string) => string): LooseMatch[] {
  const have = lines.map(({ text }) => essence(text));
  const want = wanted.map(essence);
  const places: LooseMatch[] = [];
  for (let from = 0; from + want.length <= have.length; from++) {
    if (!want.every((line, index) => have[from + index] === line)) continue;
    places.push(toMatch(lines.slice(from, from + want.length), wanted));
    from += want.length - 1;
  }
  return places;
}

function toMatch(found: readonly Line[], wanted: readonly string[]): LooseMatch {
  const first = found[0] ?? { text: '', start: 0 };
  const last = found.at(-1) ?? first;
  return { start: first.start, end: last.start + last.text.length, reindent: reindenter(indentOf(wanted[0]), indentOf(first.text)) };
}

/** Lines indented like the first wanted one, or deeper, move along with it; others stay as they are. */
function reindenter(given: string, actual: string): (line: string) => string {
  return (line) => (given === actual || line.trim() === '' || !line.startsWith(given) ? line : actual + line.slice(given.length));
}

function indentOf(line = ''): string {
  return line.slice(0, line.length - line.trimStart().length);
}

function toLines(text: string): Line[] {
  const lines: Line[] = [];
  let start = 0;
  for (const raw of text.split('\n')) {
    lines.push({ text: raw.endsWith('\r') ? raw.slice(0, -1) : raw, start });
    start += raw.length + 1;
  }
  return lines;
}

function withoutBlankEdges(lines: readonly string[]): string[] {
  const isBlank = (line: string): boolean => line.trim() === '';
  const first = lines.findIndex((line) => !isBlank(line));
  return first < 0 ? [] : lines.slice(first, lines.findLastIndex((line) => !isBlank(line)) + 1);
}
