const MAX_LINE_LENGTH = 2_000;

/** The lines of a text without their ends; a final line end starts no further line. */
export function splitLines(text: string): string[] {
  if (text === '') return [];
  const lines = text.split('\n');
  if (lines.at(-1) === '') lines.pop();
  return lines.map((line) => (line.endsWith('\r') ? line.slice(0, -1) : line));
}

/** As many numbered lines as fit `maxBytes`, at least one; a very long line is cut. */
export function numberedLines(lines: readonly string[], firstNumber: number, maxBytes: number): { readonly text: string; readonly count: number } {
  const shown: string[] = [];
  let bytes = 0;
  for (const [index, line] of lines.entries()) {
    const numbered = `${firstNumber + index}\t${shorten(line)}`;
    bytes += Buffer.byteLength(numbered) + 1;
    if (bytes > maxBytes && shown.length > 0) break;
    shown.push(numbered);
  }
  return { text: shown.join('\n'), count: shown.length };
}

/** The number of the line that the character at `offset` is on. */
export function lineNumberAt(text: string, offset: number): number {
  let line = 1;
  for (let position = text.indexOf('\n'); position >= 0 && position < offset; position = text.indexOf('\n', position + 1)) line++;
  return line;
}

function shorten(line: string): string {
  return line.length <= MAX_LINE_LENGTH ? line : `${line.slice(0, MAX_LINE_LENGTH)} [${line.length - MAX_LINE_LENGTH} more characters in this line]`;
}
