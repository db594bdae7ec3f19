import { createHash, randomUUID } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { DatabaseConnection } from './database-connection.js';
import { DatabaseUnusableError } from './database-unusable.error.js';

/** The table of `prisma migrate`, so that `prisma migrate deploy` and this runner accept each other's work. */
const MIGRATIONS_TABLE = `
CREATE TABLE IF NOT EXISTS "_prisma_migrations" (
  "id" VARCHAR(36) PRIMARY KEY NOT NULL,
  "checksum" VARCHAR(64) NOT NULL,
  "finished_at" TIMESTAMPTZ,
  "migration_name" VARCHAR(255) NOT NULL,
  "logs" TEXT,
  "rolled_back_at" TIMESTAMPTZ,
  "started_at" TIMESTAMPTZ NOT NULL DEFAULT now(),
  "applied_steps_count" INTEGER NOT NULL DEFAULT 0
)`;

interface Migration {
  readonly name: string;
  readonly sql: string;
  readonly checksum: string;
}

const LOCK_RETRY_MS = 200;
const LOCK_ATTEMPTS = 150;

/**
 * Applies the migrations in `directory` that the database lacks, each in one transaction.
 * Instances that start together take turns.
 * @returns the names applied
 * @throws DatabaseUnusableError when the history differs from the files or a statement fails
 */
export async function applyMigrations(connection: DatabaseConnection, directory: string): Promise<string[]> {
  const migrations = await readMigrations(directory);
  for (let attempt = 0; attempt < LOCK_ATTEMPTS; attempt++) {
    const outcome = await connection.withLock('lomu:migrations', () => applyMissing(connection, migrations));
    if (outcome.ran) return outcome.result;
    await new Promise((resolve) => setTimeout(resolve, LOCK_RETRY_MS));
  }
  throw new DatabaseUnusableError('Another instance has been migrating the database for 30 s. Look at its log, then start again.');
}

export async function readMigrations(directory: string): Promise<Migration[]> {
  const entries = await readdir(directory, { withFileTypes: true });
  const names = entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name).sort();
  return Promise.all(
    names.map(async (name) => {
      const sql = await readFile(join(directory, name, 'migration.sql'), 'utf8');
      return { name, sql, checksum: createHash('sha256').update(sql).digest('hex') };
    }),
  );
}

async function applyMissing(connection: DatabaseConnection, migrations: readonly Migration[]): Promise<string[]> {
  await connection.execute(MIGRATIONS_TABLE);
  const rows = await connection.query<{ migration_name: string; checksum: string; finished_at: Date | null }>(
    'SELECT migration_name, checksum, finished_at FROM "_prisma_migrations" WHERE rolled_back_at IS NULL',
  );
  const applied = new Map(rows.map((row) => [row.migration_name, row]));
  const missing: Migration[] = [];
  for (const migration of migrations) {
    const row = applied.get(migration.name);
    if (!row) missing.push(migration);
    else if (!row.finished_at) throw new DatabaseUnusableError(`Migration ${migration.name} failed half-way earlier. Repair the database, then mark it with: npx prisma migrate resolve.`);
    else if (row.checksum !== migration.checksum) throw new DatabaseUnusableError(`Migration ${migration.name} was changed after it had been applied. Restore the file; put changes into a new migration.`);
    applied.delete(migration.name);
  }
  if (applied.size > 0) {
    throw new DatabaseUnusableError(`The database has migrations this version does not know: ${[...applied.keys()].join(', ')}. Start the newer version, or restore a backup.`);
  }
  for (const migration of missing) await applyOne(connection, migration);
  return missing.map((migration) => migration.name);
}

async function applyOne(connection: DatabaseConnection, migration: Migration): Promise<void> {
  const record = `INSERT INTO "_prisma_migrations" (id, checksum, finished_at, migration_name, applied_steps_count)
    VALUES ('${randomUUID()}', '${migration.checksum}', now(), '${migration.name.replaceAll("'", "''")}', 1);`;
  try {
    await connection.execute(`${migration.sql}\n${record}`); // one message of several statements is one transaction
  } catch (error) {
    throw new DatabaseUnusableError(`Migration ${migration.name} failed and was rolled back: ${(error as Error).message}`, { cause: error });
  }
}
