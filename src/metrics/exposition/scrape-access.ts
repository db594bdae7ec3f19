import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { AppError } from '../../common/index.js';
import { isLocalRequest } from '../../http/index.js';

/**
 * With a token configured every scrape must carry it, local ones too; without one only this machine may scrape.
 * @throws AppError `unauthenticated` or `forbidden`
 */
export function assertMayScrape(request: Pick<IncomingMessage, 'headers' | 'socket'>, token: string | undefined): void {
  if (token === undefined) {
    if (!isLocalRequest(request)) throw new AppError('forbidden', 'Metrics are for this machine alone until METRICS_TOKEN is set.');
    return;
  }
  const given = /^Bearer (.+)$/i.exec(request.headers.authorization ?? '')?.[1];
  if (given === undefined || !isSame(given, token)) throw new AppError('unauthenticated', 'Send Authorization: Bearer <METRICS_TOKEN>.');
}

/** Hashing first gives both sides one length, so that the comparison tells nothing through its time. */
function isSame(given: string, expected: string): boolean {
  return timingSafeEqual(digest(given), digest(expected));
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
