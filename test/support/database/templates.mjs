// Empty, migrated databases, which suites copy instead of migrating anew.
import { createHash, randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { MIGRATIONS_DIRECTORY } from '../../../src/database/migrations-directory.ts';
import { applyMigrations, readMigrations } from '../../../src/database/migrations.ts';

const modules = fileURLToPath(new URL('../../../node_modules/', import.meta.url));
const cache = `${modules}.cache/lomu`;

/** The data folder as an archive, made once per change of the migrations. @returns its path */
export async function makePGliteTemplate() {
  const hash = createHash('sha256')
    .update(JSON.stringify(await readMigrations(MIGRATIONS_DIRECTORY)))
    .update(readFileSync(`${modules}@electric-sql/pglite/package.json`))
    .update(readFileSync(fileURLToPath(import.meta.url)));
  const template = `${cache}/template-${hash.digest('hex').slice(0, 16)}.tar`;
  if (existsSync(template)) return template;
  const [{ PGlite }, { connectPGlite }] = await Promise.all([import('@electric-sql/pglite'), import('../../../src/database/pglite.database-connection.ts')]);
  const database = await PGlite.create();
  await applyMigrations(connectPGlite(database), MIGRATIONS_DIRECTORY);
  // Nobody connects to the other two databases of a cluster, which are half of its files.
  for (const statement of ['UPDATE pg_database SET datistemplate = false', 'DROP DATABASE template0', 'DROP DATABASE template1', 'CHECKPOINT']) await database.exec(statement);
  const dump = await database.dumpDataDir('none');
  await database.close();
  mkdirSync(cache, { recursive: true });
  const partial = `${template}.${process.pid}`;
  writeFileSync(partial, Buffer.from(await dump.arrayBuffer()));
  renameSync(partial, template);
  return template;
}

/** A database of this run on the server. @returns its name */
export async function makePostgresqlTemplate(serverUrl) {
  const name = `lomu_test_${randomBytes(6).toString('hex')}`;
  await onServer(serverUrl, `CREATE DATABASE ${name}`);
  const url = new URL(serverUrl);
  url.pathname = `/${name}`;
  const { openPostgresql } = await import('../../../src/database/postgresql.database-connection.ts');
  const connection = await openPostgresql(url.href, { poolSize: 1, statementTimeoutMs: 30_000 });
  await applyMigrations(connection, MIGRATIONS_DIRECTORY);
  await connection.close();
  return name;
}

export async function dropPostgresqlTemplate(serverUrl, name) {
  await onServer(serverUrl, `DROP DATABASE ${name} WITH (FORCE)`);
}

async function onServer(serverUrl, sql) {
  const client = new pg.Client({ connectionString: serverUrl });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}
