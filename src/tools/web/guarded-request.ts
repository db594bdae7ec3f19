import type { LookupAddress } from 'node:dns';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { isIP, type LookupFunction } from 'node:net';
import { ToolError } from '../tool-error.js';

/** Who may be spoken to, and how names are found out. */
export interface AddressBook {
  resolve(host: string): Promise<LookupAddress[]>;
  isAllowed(address: string): boolean;
}

export interface GuardedAnswer {
  readonly url: URL;
  readonly status: number;
  readonly contentType: string;
  readonly location: string | null;
  readonly body: Buffer;
  /** Whether there is more of it than was read. */
  readonly isCut: boolean;
}

/**
 * One GET to an address that was looked at: the name is resolved once, every address it has must be allowed, and the connection goes to
 * what was looked at, whatever the name means a moment later. Redirects are answers like any other; nothing of this server goes along.
 */
export async function guardedRequest(url: URL, book: AddressBook, maxBytes: number, signal: AbortSignal): Promise<GuardedAnswer> {
  assertPlain(url);
  const address = await findAddress(url, book);
  const lookup = ((_host, options, callback) => (options.all ? callback(null, [address]) : callback(null, address.address, address.family))) as LookupFunction;
  const send = url.protocol === 'https:' ? httpsRequest : httpRequest;
  return new Promise((resolve, reject) => {
    const fail = (error: NodeJS.ErrnoException): void => {
      reject(signal.aborted ? signal.reason : new ToolError('unavailable', `${url.host} could not be reached (${error.code ?? error.message}).`, { cause: error }));
    };
    const headers = { 'user-agent': 'lomu-fetch', accept: 'text/*, application/json;q=0.9, */*;q=0.1', 'accept-encoding': 'identity' };
    const request = send(url, { method: 'GET', headers, lookup, agent: false, signal }, (response) => {
      readBody(response, maxBytes).then(({ body, isCut }) => {
        request.destroy();
        resolve({ url, status: response.statusCode ?? 0, contentType: response.headers['content-type'] ?? '', location: response.headers.location ?? null, body, isCut });
      }, fail);
    });
    request.once('error', fail);
    request.end();
  });
}

function assertPlain(url: URL): void {
  if (url.protocol !== 'http:' && url.protocol !== 'https:') throw new ToolError('denied', `${url.protocol}// is not fetched, only http and https.`);
  if (url.username !== '' || url.password !== '') throw new ToolError('denied', 'A URL with a user or password is not fetched.');
}

async function findAddress(url: URL, book: AddressBook): Promise<LookupAddress> {
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const family = isIP(host);
  const addresses = family > 0 ? [{ address: host, family }] : await book.resolve(host).catch((error: unknown) => Promise.reject(new ToolError('unavailable', `There is no address for ${host}.`, { cause: error })));
  const [first] = addresses;
  if (!first) throw new ToolError('unavailable', `There is no address for ${host}.`);
  if (!addresses.every(({ address }) => book.isAllowed(address))) throw new ToolError('denied', `${host} is not on the public Internet, and nothing else is fetched.`);
  return first;
}

async function readBody(response: IncomingMessage, maxBytes: number): Promise<{ readonly body: Buffer; readonly isCut: boolean }> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    length += chunk.length;
    if (length > maxBytes) return { body: Buffer.concat(chunks).subarray(0, maxBytes), isCut: true };
  }
  return { body: Buffer.concat(chunks), isCut: false };
}
