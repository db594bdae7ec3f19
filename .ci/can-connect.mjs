// Exit code 0 when the PostgreSQL or Redis of the given URL answers.
const url = process.argv[2] ?? '';
const TIMEOUT_MS = 3_000;

async function askPostgresql() {
  const { default: pg } = await import('pg');
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: TIMEOUT_MS });
  await client.connect();
  await client.query('SELECT 1');
  await client.end();
}

async function askRedis() {
  const { Redis } = await import('ioredis');
  const client = new Redis(url, { lazyConnect: true, connectTimeout: TIMEOUT_MS, retryStrategy: () => null });
  client.on('error', () => undefined); // connect() says it too
  await client.connect();
  await client.ping();
  client.disconnect();
}

try {
  await (url.startsWith('redis') ? askRedis() : askPostgresql());
} catch {
  process.exit(1);
}
