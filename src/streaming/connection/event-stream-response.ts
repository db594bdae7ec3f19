import type { OutgoingHttpHeaders, ServerResponse } from 'node:http';
import type { MessageEvent } from '@nestjs/common';
import type { Observable } from 'rxjs';

/** Against each layer that would hold bytes back: compression, proxies, CDNs, and clients that wait for more to guess the type. */
const HEADERS = {
  'content-type': 'text/event-stream',
  'cache-control': 'private, no-cache, no-store, must-revalidate, max-age=0, no-transform',
  'x-accel-buffering': 'no',
  'x-content-type-options': 'nosniff',
};
const LINE_END = /\r\n|\r|\n/;

/**
 * Answers with frames as server-sent events, until they complete or the client has gone. Not through `@Sse`, which
 * keeps ten KiB for each client while it waits (docs/adr/0007-event-streams-without-sse-decorator.md). The frames must not error.
 */
export function writeEventStream(response: ServerResponse, frames: Observable<MessageEvent>): void {
  if (response.destroyed) return; // the client left while its stream was being opened
  sendHead(response);
  if (response.req.method === 'HEAD') {
    response.end();
    return;
  }
  const subscription = frames.subscribe({ next: (frame) => response.write(toWire(frame)), complete: () => response.end() });
  response.once('close', () => subscription.unsubscribe());
}

/**
 * Sends the head by itself. Node keeps both the headers that were set and the head it has made of them, piece by piece,
 * for as long as the response lasts; so they are taken out before, and what was written is in one piece.
 */
function sendHead(response: ServerResponse): void {
  const headers: OutgoingHttpHeaders = { ...response.getHeaders(), ...HEADERS };
  for (const name of response.getHeaderNames()) response.removeHeader(name);
  response.writeHead(200, headers);
  response.flushHeaders();
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
