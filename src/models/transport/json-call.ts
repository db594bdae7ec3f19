import type { IncomingMessage } from 'node:http';
import type { Clock } from '../../common/index.js';
import type { ConnectionPool } from './connection-pool.js';
import { retryAfterMs } from './retry-after.js';
import { systemCodeOf, TransportFault } from './transport-fault.js';

export interface JsonCall {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  /** JSON */
  readonly body: string;
  readonly signal: AbortSignal;
  /** For the whole answer. */
  readonly timeoutMs: number;
  readonly maxResponseBytes: number;
}

/**
 * Posts a request and reads its answer whole.
 * @returns the body of an answer with status 200
 * @throws TransportFault or the signal's reason; the connection is closed by then
 */
export async function callForJson(pool: ConnectionPool, clock: Clock, call: JsonCall): Promise<string> {
  call.signal.throwIfAborted();
  const request = pool.post(call.url, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(call.body), accept: 'application/json', 'accept-encoding': 'identity', ...call.headers });
  let onAbort = (): void => undefined;
  let cancelTimeout = (): void => undefined;
  try {
    return await new Promise<string>((resolve, reject) => {
      onAbort = () => reject(call.signal.reason);
      cancelTimeout = clock.schedule(() => reject(new TransportFault('first_byte_timeout', `Nothing came for ${call.timeoutMs} ms.`)), call.timeoutMs);
      call.signal.addEventListener('abort', onAbort, { once: true });
      request.on('error', (error) => reject(networkFault(error)));
      request.on('response', (response) => {
        readBody(response, call.maxResponseBytes)
          .then((body) => resolve(checked(response, body, clock.now())))
          .catch(reject);
      });
      request.end(call.body);
    });
  } catch (error) {
    request.destroy();
    throw error;
  } finally {
    cancelTimeout();
    call.signal.removeEventListener('abort', onAbort);
  }
}

function readBody(response: IncomingMessage, maxBytes: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const pieces: Buffer[] = [];
    let size = 0;
    response.on('data', (piece: Buffer) => {
      size += piece.length;
      if (size > maxBytes) reject(new TransportFault('response_too_large', `The answer is larger than ${maxBytes} bytes.`));
      else pieces.push(piece);
    });
    response.on('end', () => resolve(Buffer.concat(pieces).toString('utf8')));
    response.on('error', (error) => reject(networkFault(error)));
    response.on('close', () => reject(new TransportFault('network', 'The connection closed before the answer was complete.')));
  });
}

function checked(response: IncomingMessage, body: string, nowMs: number): string {
  const status = response.statusCode ?? 0;
  if (status === 200) return body;
  throw new TransportFault('http', `The server answered with status ${status}.`, { status, body, retryAfterMs: retryAfterMs(response.headers['retry-after'], nowMs) });
}

function networkFault(error: Error): TransportFault {
  const systemCode = systemCodeOf(error);
  return new TransportFault('network', `The connection failed (${systemCode ?? error.message}).`, { systemCode, cause: error });
}
