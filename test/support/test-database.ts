import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { PGlite } from '@electric-sql/pglite';
import pg from 'pg';
import { applyMigrations, connectPGlite, type DatabaseConnection, MIGRATIONS_DIRECTORY, openPostgresql, type PostgresqlOptions, PrismaService } from '../../src/database/index.js';

export interface TestDatabase {
  readonly connection: DatabaseConnection;
  readonly prisma: PrismaService;
  /** Set when the database is a PostgreSQL that other processes can reach. */
  readonly url?: string;
  close(): Promise<void>;
}

/** The PostgreSQL under test, when TEST_DATABASE_URL names one; suites then make databases of their own on it. */
export const postgresqlUrl: string | undefined = process.env.TEST_DATABASE_URL;

/** Where nothing but the size of a pool matters. */
export function poolOf(poolSize: number): PostgresqlOptions {
  return { poolSize, statementTimeoutMs: 30_000 };
}

/** A migrated, empty database of the suite's own: PGlite in memory, or PostgreSQL when TEST_DATABASE_URL is set. */
export async function createTestDatabase(): Promise<TestDatabase> {
  return postgresqlUrl ? createPostgresqlDatabase(postgresqlUrl) : createPGliteDatabase();
}

export async function createPGliteDatabase(): Promise<TestDatabase> {
  const template = process.env.LOMU_TEST_TEMPLATE;
  if (!template) throw new Error('The database template is missing: run tests through jest.');
  const dump = new Blob([await readFile(template)], { type: 'application/x-tar' });
  return wrap(connectPGlite(await PGlite.create({ loadDataDir: dump, startParams: [...PGlite.defaultStartParams, '-c', 'shared_buffers=8MB'] }))); // half the time to start of the usual 128 MB
}

/** @param template what is copied, on the server; by default the migrated database that the run has made, on the server under test */
export async function createPostgresqlDatabase(serverUrl: string, template = serverUrl === postgresqlUrl ? process.env.LOMU_TEST_TEMPLATE_DATABASE : undefined): Promise<TestDatabase> {
  const name = `lomu_test_${randomBytes(6).toString('hex')}`;
  await onServer(serverUrl, `CREATE DATABASE ${name} TEMPLATE ${template ?? 'template1'}`);
  const url = new URL(serverUrl);
  url.pathname = `/${name}`;
  const connection = await openPostgresql(url.href, poolOf(10));
  await applyMigrations(connection, MIGRATIONS_DIRECTORY);
  return wrap(connection, url.href, () => onServer(serverUrl, `DROP DATABASE ${name} WITH (FORCE)`));
}

/** Another client of a database that somebody else made, and drops. */
export async function openTestDatabase(url: string): Promise<TestDatabase> {
  return wrap(await openPostgresql(url, poolOf(10)), url);
}

function wrap(connection: DatabaseConnection, url?: string, cleanUp?: () => Promise<void>): TestDatabase {
  const prisma = new PrismaService(connection);
  return {
    connection,
    prisma,
    url,
    close: async () => {
      await prisma.$disconnect();
      await connection.close();
      await cleanUp?.();
    },
  };
}

async function onServer(serverUrl: string, sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: serverUrl });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}
