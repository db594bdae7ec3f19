const LINE_FEED = 10;
const CARRIAGE_RETURN = 13;
const COLON = 58;
const SPACE = 32;
const DATA = Buffer.from('data');
const BYTE_ORDER_MARK = Buffer.from([0xef, 0xbb, 0xbf]);

/** A line as the event-stream format allows it: a field name, alone or with a value. Unknown names are ignored. */
const FIELD = /^[A-Za-z][\w-]*(:|$)/;

export interface SseHandlers {
  /** The data of one event, its lines joined. `isUnterminated` marks the last event of a stream that ended without a blank line. */
  readonly onEvent: (data: string, isUnterminated: boolean) => void;
  /** A line that no event stream may contain, e.g. of an HTML page or a bare JSON error. */
  readonly onStrayLine: (line: string) => void;
}

/**
 * Reads server-sent events from bytes in whatever pieces they arrive, in time linear in their number.
 * Works on bytes because neither line ends nor field names can be part of a multi-byte character; only
 * whole lines are decoded. Accepts LF, CRLF and CR, comments, `data:` without a space, and a missing
 * last blank line (which the standard would have us drop).
 */
export class SseParser {
  private readonly unfinishedLine: Buffer[] = [];
  private data: string | undefined;
  private isFirstLine = true;
  private skipsLineFeed = false;

  constructor(private readonly handlers: SseHandlers) {}

  push(chunk: Buffer): void {
    let start = 0;
    if (this.skipsLineFeed && chunk.length > 0) {
      this.skipsLineFeed = false;
      if (chunk[0] === LINE_FEED) start = 1;
    }
    let lineFeed = chunk.indexOf(LINE_FEED, start);
    let carriageReturn = chunk.indexOf(CARRIAGE_RETURN, start);
    while (lineFeed !== -1 || carriageReturn !== -1) {
      const isCarriageReturn = carriageReturn !== -1 && (lineFeed === -1 || carriageReturn < lineFeed);
      const end = isCarriageReturn ? carriageReturn : lineFeed;
      this.endLine(chunk, start, end);
      start = end + 1;
      if (isCarriageReturn) {
        if (start === chunk.length) this.skipsLineFeed = true;
        else if (chunk[start] === LINE_FEED) start++;
        carriageReturn = chunk.indexOf(CARRIAGE_RETURN, start);
      }
      if (lineFeed !== -1 && lineFeed < start) lineFeed = chunk.indexOf(LINE_FEED, start);
    }
    if (start < chunk.length) this.unfinishedLine.push(chunk.subarray(start));
  }

  /** The stream is over: what is left counts as complete. */
  end(): void {
    if (this.unfinishedLine.length > 0) this.endLine(Buffer.alloc(0), 0, 0);
    this.dispatch(true);
  }

  private endLine(chunk: Buffer, start: number, end: number): void {
    if (this.unfinishedLine.length === 0) return this.readLine(chunk, start, end);
    const line = Buffer.concat([...this.unfinishedLine, chunk.subarray(start, end)]);
    this.unfinishedLine.length = 0;
    this.readLine(line, 0, line.length);
  }

  private readLine(bytes: Buffer, from: number, end: number): void {
    let start = from;
    if (this.isFirstLine) {
      this.isFirstLine = false;
      if (startsWith(bytes, start, end, BYTE_ORDER_MARK)) start += BYTE_ORDER_MARK.length;
    }
    if (start === end) return this.dispatch(false);
    if (bytes[start] === COLON) return;
    const afterName = start + DATA.length;
    if (startsWith(bytes, start, end, DATA) && (afterName === end || bytes[afterName] === COLON)) {
      this.appendData(bytes, Math.min(afterName + 1, end), end);
      return;
    }
    const line = bytes.toString('utf8', start, end);
    if (!FIELD.test(line)) this.handlers.onStrayLine(line);
  }

  private appendData(bytes: Buffer, from: number, end: number): void {
    const start = from < end && bytes[from] === SPACE ? from + 1 : from;
    const value = bytes.toString('utf8', start, end);
    this.data = this.data === undefined ? value : `${this.data}\n${value}`;
  }

  private dispatch(isUnterminated: boolean): void {
    if (this.data === undefined) return;
    const data = this.data;
    this.data = undefined;
    this.handlers.onEvent(data, isUnterminated);
  }
}

function startsWith(bytes: Buffer, start: number, end: number, prefix: Buffer): boolean {
  if (end - start < prefix.length) return false;
  for (let i = 0; i < prefix.length; i++) if (bytes[start + i] !== prefix[i]) return false;
  return true;
}
