export interface NumberedLine {
  readonly number: number;
  readonly text: string;
}

/** A page of a file as `read_file` shows it. */
export interface FilePage {
  readonly lines: readonly NumberedLine[];
  /** Lines of the whole file, when the page says so or reaches its end. */
  readonly totalLines: number;
  /** Where the next page starts; undefined on the last one. */
  readonly nextStartLine?: number;
}

const LINE = /^(\d+)\t(.*)$/;
const MORE = /^\[lines \d+ to \d+ of (\d+); go on with startLine (\d+)\]$/;

/** Reads the output of `read_file` from the given line to the end of what fits. */
export function parseFilePage(output: string): FilePage {
  const rows = output.split('\n');
  const lines = rows.flatMap((row): NumberedLine[] => {
    const match = LINE.exec(row);
    return match ? [{ number: Number(match[1]), text: match[2] ?? '' }] : [];
  });
  const more = MORE.exec(rows.at(-1) ?? '');
  if (more) return { lines, totalLines: Number(more[1]), nextStartLine: Number(more[2]) };
  return { lines, totalLines: lines.at(-1)?.number ?? 0 };
}
