import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { isLoopback } from '../config/index.js';

/**
 * Whether this machine's own user made the request: it came over loopback, under a loopback name, through
 * no proxy that serves others, and from no foreign web page open in the user's browser.
 */
export function isLocalRequest(request: IncomingRequest): boolean {
  const { headers, socket } = request;
  return isLoopback(socket.remoteAddress ?? '') && namesThisMachine(headers.host) && !isForwarded(headers) && !isFromForeignPage(headers);
}

/** Whether a program on this machine made the request, at whatever address the server listens. Not enough for browsers, which run other people's pages. */
export function isFromThisMachine({ headers, socket }: IncomingRequest): boolean {
  const { remoteAddress = '', localAddress } = socket;
  return (isLoopback(remoteAddress) || remoteAddress === localAddress) && !isForwarded(headers);
}

type IncomingRequest = Pick<IncomingMessage, 'headers' | 'socket'>;

/** DNS rebinding lets a foreign page reach loopback, but only under the page's own name. */
function namesThisMachine(host: string | undefined): boolean {
  const name = /^(\[[^\]]+\]|[^:[\]]+)(?::\d{1,5})?$/.exec(host ?? '')?.[1];
  return name !== undefined && isLoopback(withoutBrackets(name));
}

/** A proxy on this machine makes everyone look local; it says for whom it speaks. Development proxies of local browsers pass. */
function isForwarded(headers: IncomingHttpHeaders): boolean {
  const listed = [headers['x-forwarded-for'], headers['x-real-ip'], headers['cf-connecting-ip']].flat();
  const addresses = listed.flatMap((value) => value?.split(',') ?? []);
  const named = [...(headers.forwarded ?? '').matchAll(/for=([^;,]*)/gi)].map((match) => (match[1] ?? '').replaceAll('"', ''));
  return [...addresses, ...named].some((address) => !isLoopback(withoutPort(address.trim())));
}

/** Browsers say from where a page asks; programs send neither header. */
function isFromForeignPage(headers: IncomingHttpHeaders): boolean {
  const { origin } = headers;
  if (origin === undefined) return headers['sec-fetch-site'] === 'cross-site';
  return !URL.canParse(origin) || !isLoopback(withoutBrackets(new URL(origin).hostname));
}

function withoutPort(address: string): string {
  const bracketed = /^\[([^\]]+)\](?::\d+)?$/.exec(address);
  return bracketed?.[1] ?? address.replace(/^([\d.]+):\d+$/, '$1');
}

function withoutBrackets(name: string): string {
  return name.replace(/^\[(.*)\]$/, '$1');
}
