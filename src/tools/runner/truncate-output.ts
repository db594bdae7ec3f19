const HEAD_SHARE = 0.4;
/** A cut moves to a line boundary when that costs no more than this share of its part. */
const LINE_SLACK = 0.5;
const LINE_FEED = 0x0a;

/** What is left out, in bytes of the UTF-8 of the whole output. */
export interface OutputCut {
  readonly offset: number;
  readonly length: number;
  readonly totalBytes: number;
}

/**
 * Keeps the first 40 % and the last 60 % of an output that is longer than `maxBytes`, at line ends where that is possible and never
 * inside a character. The result, marker included, fits `maxBytes` as long as the marker itself takes no more than half of it.
 * @param mark words put in place of what is left out
 */
export function truncateOutput(output: string, maxBytes: number, mark: (cut: OutputCut) => string): string {
  const totalBytes = Buffer.byteLength(output);
  if (totalBytes <= maxBytes) return output;
  const bytes = Buffer.from(output);
  const longestMark = Buffer.byteLength(mark({ offset: totalBytes, length: totalBytes, totalBytes }));
  const budget = Math.max(0, maxBytes - longestMark);
  const headBytes = Math.floor(budget * HEAD_SHARE);
  const start = endOfHead(bytes, headBytes);
  const end = startOfTail(bytes, totalBytes - (budget - headBytes));
  return bytes.toString('utf8', 0, start) + mark({ offset: start, length: end - start, totalBytes }) + bytes.toString('utf8', end);
}

function endOfHead(bytes: Buffer, limit: number): number {
  const afterLine = bytes.lastIndexOf(LINE_FEED, limit - 1) + 1;
  return limit > 0 && afterLine >= limit * (1 - LINE_SLACK) ? afterLine : characterStart(bytes, limit, -1);
}

function startOfTail(bytes: Buffer, limit: number): number {
  const afterLine = bytes.indexOf(LINE_FEED, limit - 1) + 1;
  const slack = (bytes.length - limit) * LINE_SLACK;
  return afterLine > 0 && afterLine - limit <= slack ? afterLine : characterStart(bytes, limit, 1);
}

/** The nearest position at or beyond `position` in the direction where a UTF-8 character starts. */
function characterStart(bytes: Buffer, position: number, direction: 1 | -1): number {
  let start = position;
  while (start > 0 && start < bytes.length && ((bytes[start] ?? 0) & 0xc0) === 0x80) start += direction;
  return start;
}
