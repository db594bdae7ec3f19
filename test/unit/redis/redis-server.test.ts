import { once } from 'node:events';
import { Logger } from '@nestjs/common';
import { RedisUnusableError } from '../../../src/redis/index.js';
import { IoredisServer } from '../../../src/redis/ioredis.redis-server.js';
import { startProxy } from '../../support/cuttable-proxy.js';
import { createTestRedis, describeWithRedis, redisUrl } from '../../support/redis/test-redis.js';
import { ThrowAwayRedis } from '../../support/redis/throw-away-redis.js';

beforeAll(() => Logger.overrideLogger(false));

const NOBODY_LISTENS = 'redis://user:hunter2@127.0.0.1:1/3';

describe('a Redis that is not there', () => {
  it('ends the boot with words that say what to do, without the password', async () => {
    const failure = await IoredisServer.connect(NOBODY_LISTENS, 'lomu').catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(RedisUnusableError);
    expect((failure as Error).message).toMatch(/^REDIS_URL: redis:\/\/127\.0\.0\.1:1\/3 does not answer \(.*ECONNREFUSED.*\)\. Start Redis/);
    expect((failure as Error).message).not.toContain('hunter2');
  });
});

describeWithRedis('a Redis', () => {
  it('keeps the keys of a prefix together', async () => {
    const redis = await createTestRedis();
    expect(redis.server.key('run', '42')).toBe(`${redis.keyPrefix}:run:42`);
    await redis.close();
  });

  it('gives connections of their own, and closes them all', async () => {
    const redis = await createTestRedis();
    const blocking = redis.server.connect('test');
    await blocking.ping();
    const ends = Promise.all([once(blocking, 'end'), once(redis.server.commands, 'end')]);
    const reading = blocking.blpop(redis.server.key('nothing'), 0).catch((error: Error) => error.message);
    await redis.close();
    await ends;
    expect(await reading).toMatch(/closed/i);
  });

  it('fails commands at once while the server is away, and serves again when it is back', async () => {
    const server = await ThrowAwayRedis.start();
    const redis = await IoredisServer.connect(server.url, 'lomu');
    const patient = redis.connect('patient');
    await patient.ping();
    try {
      await redis.commands.set('a', '1');
      const lost = once(redis.commands, 'reconnecting');
      await server.kill();
      await lost;
      await expect(redis.commands.get('a')).rejects.toThrow();
      const waiting = patient.ping();
      const back = new Promise((resolve) => redis.commands.once('ready', resolve)); // once() of node:events would reject with the errors on the way there
      await server.start();
      await back;
      expect(await redis.commands.get('a')).toBeNull();
      expect(await waiting).toBe('PONG');
    } finally {
      await redis.close();
      await server.close();
    }
  });

  it('is given up when it falls silent, so that commands fail at once until it speaks again', async () => {
    const proxy = await startProxy(new URL(redisUrl as string));
    const redis = await IoredisServer.connect(proxy.url, 'lomu');
    try {
      proxy.fallSilent();
      const lost = new Promise((resolve) => redis.commands.once('reconnecting', resolve));
      await expect(redis.commands.get('a')).rejects.toThrow();
      await lost;
      const startedAtMs = Date.now();
      for (let command = 0; command < 5; command++) await expect(redis.commands.get('a')).rejects.toThrow();
      expect(Date.now() - startedAtMs).toBeLessThan(4_000); // less than one of them would wait
      const back = new Promise((resolve) => redis.commands.once('ready', resolve));
      proxy.speak();
      await back;
      expect(await redis.commands.get('a')).toBeNull();
    } finally {
      await redis.close();
      await proxy.close();
    }
  });

  it('closes while the server is away', async () => {
    const server = await ThrowAwayRedis.start();
    const redis = await IoredisServer.connect(server.url, 'lomu');
    const lost = once(redis.commands, 'reconnecting');
    await server.close();
    await lost;
    await redis.close();
    expect(redis.commands.status).not.toBe('ready');
  });
});
