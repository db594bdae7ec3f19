import { PrismaPg } from '@prisma/adapter-pg';
import pg from 'pg';
import type { DatabaseConnection } from './database-connection.js';
import { DatabaseUnusableError } from './database-unusable.error.js';
import { PostgresqlListener } from './postgresql.listener.js';
import { connectionOptions, executeWithoutTimeout, queryPoolOptions } from './postgresql.session.js';

/** Named locks one instance holds or tries for at the same time; more take turns. */
const MAX_LOCK_CONNECTIONS = 5;

export interface PostgresqlOptions {
  readonly poolSize: number;
  /** How long a statement may take, and a connection be silent under one; those of `execute` may take longer. */
  readonly statementTimeoutMs: number;
}

/** @throws DatabaseUnusableError when the server cannot be reached or refuses */
export async function openPostgresql(url: string, { poolSize, statementTimeoutMs }: PostgresqlOptions): Promise<DatabaseConnection> {
  const pool = await openPool({ ...queryPoolOptions(url, statementTimeoutMs), max: poolSize });
  const sessionOptions = { ...connectionOptions(url), query_timeout: statementTimeoutMs };
  // A lock holds its session while its work queries through the other pool: in one pool the two could starve each other.
  const locks = new pg.Pool({ ...sessionOptions, max: MAX_LOCK_CONNECTIONS });
  locks.on('error', replacedOnNextUse);
  const listeners = new Set<PostgresqlListener>();
  return {
    kind: 'postgresql',
    adapter: new PrismaPg(pool),
    execute: (sql) => executeWithoutTimeout(url, sql),
    query: async <Row>(sql: string, parameters: readonly unknown[] = []) => (await pool.query(sql, [...parameters])).rows as Row[],
    listen: async (channel, onNotify) => {
      const listener = new PostgresqlListener(sessionOptions, channel, onNotify);
      listeners.add(listener);
      await listener.start();
      return async () => {
        listeners.delete(listener);
        await listener.stop();
      };
    },
    withLock: (name, work) => withAdvisoryLock(locks, name, work),
    publishControl: async () => undefined,
    close: async () => {
      await Promise.all([...listeners].map((listener) => listener.stop()));
      await Promise.all([pool.end(), locks.end()]);
    },
  };
}

async function openPool(options: pg.PoolConfig): Promise<pg.Pool> {
  try {
    const pool = new pg.Pool(options);
    pool.on('error', replacedOnNextUse);
    await pool.query('SELECT 1').catch(async (error: unknown) => {
      await pool.end();
      throw error;
    });
    return pool;
  } catch (error) {
    throw new DatabaseUnusableError(
      `DATABASE_URL cannot be used: ${describeConnectError(error)}. ` +
        'Check host, port, user, password and database name, or unset DATABASE_URL to use the embedded database.',
      { cause: error },
    );
  }
}

/** An idle connection broke; left without a listener the error would end the process. */
function replacedOnNextUse(): void {}

async function withAdvisoryLock<Result>(pool: pg.Pool, name: string, work: () => Promise<Result>): Promise<{ ran: true; result: Result } | { ran: false }> {
  const client = await pool.connect();
  let broken: Error | undefined;
  const onError = (error: Error): void => {
    broken = error;
  };
  const giveUp = (error: unknown): never => {
    onError(error as Error); // it may hold the lock all the same
    throw error;
  };
  client.on('error', onError);
  try {
    if (!(await tryLock(client, name).catch((error: unknown) => giveUp(error)))) return { ran: false };
    try {
      return { ran: true, result: await work() };
    } finally {
      await client.query('SELECT pg_advisory_unlock(hashtextextended($1, 0))', [name]).catch(onError); // closing the session frees it for sure
    }
  } finally {
    client.off('error', onError);
    client.release(broken);
  }
}

async function tryLock(client: pg.ClientBase, name: string): Promise<boolean> {
  const { rows } = await client.query<{ locked: boolean }>('SELECT pg_try_advisory_lock(hashtextextended($1, 0)) AS locked', [name]);
  return rows[0]?.locked ?? false;
}

function describeConnectError(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map((each: Error) => each.message).join(', ');
  return error instanceof Error ? error.message : String(error);
}
