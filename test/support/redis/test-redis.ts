import { randomBytes } from 'node:crypto';
import type { Redis } from 'ioredis';
import { IoredisServer } from '../../../src/redis/ioredis.redis-server.js';

/** The Redis under test, when TEST_REDIS_URL names one; suites then take a key prefix of their own on it. */
export const redisUrl: string | undefined = process.env.TEST_REDIS_URL;

/** `describe` for suites that need a Redis; without TEST_REDIS_URL they are skipped, and say so. */
export const describeWithRedis: (name: string, suite: () => void) => void = redisUrl ? describe : (name, suite) => describe.skip(`${name} (skipped: set TEST_REDIS_URL)`, suite);

export interface TestRedis {
  readonly server: IoredisServer;
  readonly url: string;
  readonly keyPrefix: string;
  /** What an instance of the application is told to share this Redis and prefix. */
  readonly environment: Readonly<Record<string, string>>;
  /** Another connection to the same keys, as another instance would have. */
  another(): Promise<IoredisServer>;
  /** Deletes every key of the prefix and closes all connections opened here. */
  close(): Promise<void>;
}

/** Only within `describeWithRedis`, or with the URL of a server that the suite started itself. */
export async function createTestRedis(url = redisUrl): Promise<TestRedis> {
  if (!url) throw new Error('TEST_REDIS_URL is not set.');
  const keyPrefix = `lomu-test-${randomBytes(6).toString('hex')}`;
  const server = await IoredisServer.connect(url, keyPrefix);
  const others: IoredisServer[] = [];
  return {
    server,
    url,
    keyPrefix,
    environment: { REDIS_URL: url, REDIS_KEY_PREFIX: keyPrefix },
    another: async () => {
      const other = await IoredisServer.connect(url, keyPrefix);
      others.push(other);
      return other;
    },
    close: async () => {
      if (server.commands.status === 'ready') await deleteKeys(server.commands, keyPrefix); // else a suite has stopped it
      for (const each of [...others, server]) await each.close();
    },
  };
}

async function deleteKeys(redis: Redis, keyPrefix: string): Promise<void> {
  for await (const keys of redis.scanStream({ match: `${keyPrefix}*`, count: 1_000 }) as AsyncIterable<string[]>) {
    if (keys.length > 0) await redis.unlink(...keys);
  }
}
