import type { ServerResponse } from 'node:http';
import type { MessageEvent } from '@nestjs/common';
import type { Observable } from 'rxjs';

/** Against each layer that would hold bytes back: compression, proxies, CDNs, and clients that wait for more to guess the type. */
const HEADERS = {
  'Content-Type': 'text/event-stream',
  'Cache-Control': 'private, no-cache, no-store, must-revalidate, max-age=0, no-transform',
  'X-Accel-Buffering': 'no',
  'X-Content-Type-Options': 'nosniff',
};
const LINE_END = /\r\n|\r|\n/;

/**
 * Answers with frames as server-sent events, until they complete or the client has gone. Not through `@Sse`, which
 * keeps ten KiB for each client while it waits (docs/adr/0007-event-streams-without-sse-decorator.md). The frames must not error.
 */
export function writeEventStream(response: ServerResponse, frames: Observable<MessageEvent>): void {
  if (response.destroyed) return; // the client left while its stream was being opened
  response.writeHead(200, HEADERS);
  if (response.req.method === 'HEAD') {
    response.end();
    return;
  }
  const subscription = frames.subscribe({ next: (frame) => response.write(toWire(frame)), complete: () => response.end() });
  response.once('close', () => subscription.unsubscribe());
}

export function toWire({ comment, type, id, retry, data }: MessageEvent): string {
  let text = comment === undefined ? '' : `: ${comment}\n`;
  if (type !== undefined) text += `event: ${type}\n`;
  if (id !== undefined) text += `id: ${id}\n`;
  if (retry !== undefined) text += `retry: ${retry}\n`;
  if (data !== undefined) text += dataLines(typeof data === 'string' ? data : JSON.stringify(data));
  return `${text}\n`;
}

/** JSON has no line ends of its own, so it is nearly always one line. */
function dataLines(data: string): string {
  return LINE_END.test(data) ? data.split(LINE_END).map((line) => `data: ${line}\n`).join('') : `data: ${data}\n`;
}
