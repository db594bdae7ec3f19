import { z } from 'zod';

/** What a client of another protocol calls a conversation and a run of it. Unlike our ids they are not ours to choose. */
export interface ClientKeys {
  /** One of a user's conversations; two users may use the same. */
  readonly conversation: string;
  /** One of the conversation's runs: the same again means the same run. */
  readonly run?: string;
}

/** An id as clients choose them: anything printable, up to 200 characters. */
export const clientIdSchema = z.string().regex(/^[^\p{Cc}\p{Cs}]{1,200}$/u, 'must be 1 to 200 printable characters');

/** Keeps the ids of one protocol's clients apart from those of another's. */
export function clientKey(protocol: 'ai-sdk' | 'ag-ui', id: string): string {
  return `${protocol}:${id}`;
}
