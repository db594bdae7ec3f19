import type { CapturedOutput } from './sandbox.port.js';

const HEAD_SHARE = 0.4;

/** Takes any amount of output and keeps its beginning and its end, so that memory is bounded while it streams. */
export class KeptOutput {
  private readonly head: Buffer[] = [];
  private tail: Buffer[] = [];
  private headLeft: number;
  private tailBytes = 0;
  private readonly tailCapacity: number;
  totalBytes = 0;

  constructor(maxBytes: number) {
    this.headLeft = Math.floor(maxBytes * HEAD_SHARE);
    this.tailCapacity = maxBytes - this.headLeft;
  }

  push(chunk: Buffer): void {
    this.totalBytes += chunk.length;
    const toHead = chunk.subarray(0, this.headLeft);
    if (toHead.length > 0) this.head.push(toHead);
    this.headLeft -= toHead.length;
    const rest = chunk.subarray(toHead.length);
    if (rest.length === 0) return;
    this.tail.push(rest);
    this.tailBytes += rest.length;
    if (this.tailBytes > 2 * this.tailCapacity) this.dropOldest();
  }

  capture(): CapturedOutput {
    this.dropOldest();
    const missing = this.totalBytes - this.head.reduce((sum, { length }) => sum + length, 0) - this.tailBytes;
    const mark = missing > 0 ? [Buffer.from(`\n[${missing} of ${this.totalBytes} bytes were not kept]\n`)] : [];
    return { bytes: Buffer.concat([...this.head, ...mark, ...this.tail]), totalBytes: this.totalBytes, isTruncated: missing > 0 };
  }

  /** Copies what stays, so that no chunk holds on to a larger one. */
  private dropOldest(): void {
    if (this.tailBytes <= this.tailCapacity) return;
    this.tail = [Buffer.from(Buffer.concat(this.tail).subarray(this.tailBytes - this.tailCapacity))];
    this.tailBytes = this.tailCapacity;
  }
}
