import { Socket } from 'node:net';
import pg from 'pg';

const CONNECT_TIMEOUT_MS = 5_000;
/** Of a connection that waits for notifications or holds a lock: a peer that is gone is noticed 10 s later. */
const KEEP_ALIVE_AFTER_MS = 10_000;
/** For the word that a statement was cancelled to come before its connection is given up. */
const CANCELLATION_MARGIN_MS = 2_000;
/** For the farewell of a connection. */
const CLOSE_TIMEOUT_MS = 1_000;

/** What all connections to PostgreSQL have in common. */
export function connectionOptions(url: string): pg.ClientConfig {
  return { connectionString: url, connectionTimeoutMillis: CONNECT_TIMEOUT_MS, keepAlive: true, keepAliveInitialDelayMillis: KEEP_ALIVE_AFTER_MS };
}

/**
 * For connections that are only open to be asked something. The server cancels a statement that takes too long, and rolls back
 * a transaction whose next statement does not come, e.g. because we are gone. When it says nothing at all we close the connection:
 * a mere time limit for queries would leave it in the pool in the middle of a transaction.
 */
export function queryPoolOptions(url: string, statementTimeoutMs: number): pg.PoolConfig {
  const silenceMs = statementTimeoutMs + CANCELLATION_MARGIN_MS;
  return {
    ...connectionOptions(url),
    stream: () => closeWhenSilent(new Socket(), silenceMs),
    // oxlint-disable-next-line typescript/no-misused-promises -- the types miss that the pool waits for it
    onConnect: async (client) => {
      await client.query(`${IN_UTC}; SET statement_timeout = ${statementTimeoutMs}; SET idle_in_transaction_session_timeout = ${statementTimeoutMs}`);
    },
  };
}

/** Prisma's adapter sends and reads times without their zone, which is only right in a UTC session. */
const IN_UTC = "SET TIME ZONE 'UTC'";

/** Over a connection of its own. */
export async function executeWithoutTimeout(url: string, sql: string): Promise<void> {
  const client = new pg.Client(connectionOptions(url));
  client.on('error', () => undefined); // the query fails with it
  await client.connect();
  try {
    await client.query(IN_UTC);
    await client.query(sql);
  } finally {
    await client.end();
  }
}

/** Says farewell, and does not wait for a server that is silent. */
export async function endClient(client: pg.Client, socket: Socket): Promise<void> {
  closeWhenSilent(socket, CLOSE_TIMEOUT_MS);
  await client.end();
}

/** @returns the same socket */
function closeWhenSilent(socket: Socket, silenceMs: number): Socket {
  return socket.setTimeout(silenceMs, () => socket.destroy(Object.assign(new Error(`PostgreSQL was silent for ${silenceMs} ms`), { code: 'ETIMEDOUT' })));
}
