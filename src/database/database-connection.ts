import type { SqlDriverAdapterFactory } from '@prisma/client/runtime/client';
import type { ControlEndpoint } from './data-folder-lock.js';

/**
 * An open database, whichever engine is behind it. PostgreSQL and the embedded PGlite speak one
 * dialect; what differs (who listens, who locks) is hidden here.
 */
export interface DatabaseConnection {
  readonly kind: 'postgresql' | 'pglite';
  readonly adapter: SqlDriverAdapterFactory;
  /** Runs statements outside Prisma; several may stand in one string. */
  execute(sql: string): Promise<void>;
  query<Row>(sql: string, parameters?: readonly unknown[]): Promise<Row[]>;
  /** Calls back on each NOTIFY of the channel until the returned function is called. Notifications may be lost: poll too. */
  listen(channel: string, onNotify: (payload: string) => void): Promise<() => Promise<void>>;
  /** Runs `work` while holding the named lock across all instances; returns `{ran: false}` at once when another holds it. */
  withLock<Result>(name: string, work: () => Promise<Result>): Promise<{ ran: true; result: Result } | { ran: false }>;
  /** Tells local tools how to reach the server that holds an embedded database; does nothing for a shared one. */
  publishControl(endpoint: ControlEndpoint): Promise<void>;
  close(): Promise<void>;
}

export const DATABASE_CONNECTION = Symbol('DatabaseConnection');
