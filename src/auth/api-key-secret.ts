import { createHash, randomBytes } from 'node:crypto';

const MARK = 'lomu_';
const SECRET_BYTES = 32;
const SHOWN_CHARACTERS = 8;

/** A new API key: 256 random bits, so that a plain hash of it is as good as a slow one. */
export function makeApiKey(): string {
  return MARK + randomBytes(SECRET_BYTES).toString('base64url');
}

export function looksLikeApiKey(token: string): boolean {
  return token.startsWith(MARK);
}

/** What is stored in place of a key, and what it is looked up by. */
export function hashApiKey(key: string): string {
  return createHash('sha256').update(key).digest('hex');
}

/** The beginning of a key, by which a person recognises it. */
export function prefixOf(key: string): string {
  return key.slice(0, MARK.length + SHOWN_CHARACTERS);
}
