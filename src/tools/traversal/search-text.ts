const MAX_SHOWN_LENGTH = 300;

export interface ShownLine {
  /** Counted from 1. */
  readonly number: number;
  readonly text: string;
  /** False for the lines around a match. */
  readonly isMatch: boolean;
}

export interface TextMatches {
  readonly matches: number;
  readonly matchingLines: number;
  /** At most `maxLines` matching ones, with what is around them. */
  readonly shown: ShownLine[];
}

/** All matches of a global line pattern in a text, or null for none. */
export function searchText(text: string, pattern: RegExp, contextLines: number, maxLines: number): TextMatches | null {
  pattern.lastIndex = 0;
  let match = pattern.exec(text);
  if (!match) return null;
  const cursor = new LineCursor(text);
  const display = new Display(text, contextLines, maxLines);
  let matches = 0;
  let matchingLines = 0;
  let lastLine = 0;
  for (; match; match = pattern.exec(text)) {
    cursor.moveTo(match.index);
    if (cursor.start === text.length) break; // an empty match behind the last line
    matches++;
    if (cursor.number !== lastLine) {
      matchingLines++;
      lastLine = cursor.number;
      display.add(cursor, match.index - cursor.start);
    }
    // A pattern that matches nothing at all does so everywhere: once a line is enough.
    if (match[0] === '') pattern.lastIndex = cursor.end + 1;
  }
  return matches === 0 ? null : { matches, matchingLines, shown: display.lines };
}

/** The line that a position is on; only ever moves forward. */
class LineCursor {
  number = 1;
  start = 0;
  end: number;

  constructor(private readonly text: string) {
    this.end = endOfLine(text, 0);
  }

  moveTo(position: number): void {
    while (this.end < position && this.end < this.text.length) {
      this.start = this.end + 1;
      this.end = endOfLine(this.text, this.start);
      this.number++;
    }
  }
}

/** Collects lines to show, each once however their surroundings overlap. */
class Display {
  readonly lines: ShownLine[] = [];
  private matchingLines = 0;
  private lastNumber = 0;

  constructor(
    private readonly text: string,
    private readonly contextLines: number,
    private readonly maxLines: number,
  ) {}

  add({ number, start, end }: LineCursor, column: number): void {
    if (this.matchingLines >= this.maxLines) return;
    this.matchingLines++;
    this.addBefore(number, start);
    if (number > this.lastNumber) this.push(number, start, end, true, column);
    else this.markAsMatch(number);
    this.addAfter(number, end);
  }

  private addBefore(number: number, start: number): void {
    let first = start;
    let firstNumber = number;
    while (firstNumber > this.lastNumber + 1 && number - firstNumber < this.contextLines && first > 0) {
      first = first < 2 ? 0 : this.text.lastIndexOf('\n', first - 2) + 1;
      firstNumber--;
    }
    for (; firstNumber < number; firstNumber++) {
      const end = endOfLine(this.text, first);
      this.push(firstNumber, first, end, false);
      first = end + 1;
    }
  }

  private addAfter(number: number, end: number): void {
    let start = end + 1;
    for (let next = number + 1; next <= number + this.contextLines && start < this.text.length; next++) {
      const nextEnd = endOfLine(this.text, start);
      if (next > this.lastNumber) this.push(next, start, nextEnd, false);
      start = nextEnd + 1;
    }
  }

  private markAsMatch(number: number): void {
    const index = this.lines.findLastIndex((line) => line.number === number);
    const line = this.lines[index];
    if (line) this.lines[index] = { ...line, isMatch: true };
  }

  private push(number: number, start: number, end: number, isMatch: boolean, column = 0): void {
    this.lines.push({ number, text: excerpt(this.text.slice(start, end).replace(/\r$/, ''), column), isMatch });
    this.lastNumber = number;
  }
}

/** A long line is cut to the part around the match. */
function excerpt(line: string, column: number): string {
  if (line.length <= MAX_SHOWN_LENGTH) return line;
  const start = Math.max(0, Math.min(column - MAX_SHOWN_LENGTH / 3, line.length - MAX_SHOWN_LENGTH));
  const end = start + MAX_SHOWN_LENGTH;
  return `${start > 0 ? '…' : ''}${line.slice(start, end)}${end < line.length ? '…' : ''}`;
}

function endOfLine(text: string, from: number): number {
  const end = text.indexOf('\n', from);
  return end < 0 ? text.length : end;
}
