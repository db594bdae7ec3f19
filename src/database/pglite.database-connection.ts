import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { PGlite } from '@electric-sql/pglite';
import { PrismaPGlite } from 'pglite-prisma-adapter';
import { acquireDataFolderLock, type DataFolderLock } from './data-folder-lock.js';
import type { DatabaseConnection } from './database-connection.js';
import { DatabaseUnusableError } from './database-unusable.error.js';

/** Opens the embedded database under `dataDir`, which only one process may hold. */
export async function openPGlite(dataDir: string): Promise<DatabaseConnection> {
  await mkdir(dataDir, { recursive: true }).catch((error: unknown) => {
    throw new DatabaseUnusableError(`The data folder ${dataDir} cannot be made: ${(error as Error).message}. Set DATA_DIR to a folder this user may write.`, { cause: error });
  });
  const lock = await acquireDataFolderLock(dataDir);
  const folder = join(dataDir, 'database');
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 }); // conversations are nobody else's business
    return connectPGlite(await PGlite.create(folder), lock);
  } catch (error) {
    await lock.release();
    throw new DatabaseUnusableError(
      `The embedded database in ${dataDir} cannot be opened: ${(error as Error).message}. ` +
        'Restore the folder from a backup, or move it away to begin with an empty one.',
      { cause: error },
    );
  }
}

/** Wraps an open PGlite; tests hand in one that lives in memory. */
export function connectPGlite(db: PGlite, lock?: DataFolderLock): DatabaseConnection {
  const heldLocks = new Set<string>();
  return {
    kind: 'pglite',
    adapter: new PrismaPGlite(db),
    execute: async (sql) => {
      await db.exec(sql);
    },
    query: async <Row>(sql: string, parameters: readonly unknown[] = []) => (await db.query<Row>(sql, [...parameters])).rows,
    listen: (channel, onNotify) => db.listen(channel, onNotify),
    // There is one session and one process, so a set of names is the whole truth.
    withLock: async (name, work) => {
      if (heldLocks.has(name)) return { ran: false };
      heldLocks.add(name);
      try {
        return { ran: true, result: await work() };
      } finally {
        heldLocks.delete(name);
      }
    },
    publishControl: async (endpoint) => lock?.publish(endpoint),
    close: async () => {
      try {
        await db.close();
      } finally {
        await lock?.release();
      }
    },
  };
}
