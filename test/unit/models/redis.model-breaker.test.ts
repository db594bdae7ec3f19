import { randomBytes } from 'node:crypto';
import { RedisModelBreaker } from '../../../src/models/breaker/redis.model-breaker.js';
import type { RedisServer } from '../../../src/redis/index.js';
import { describeModelBreaker } from '../../conformance/model-breaker.conformance.js';
import { FakeClock } from '../../support/fake-clock.js';
import { createTestRedis, describeWithRedis, type TestRedis } from '../../support/redis/test-redis.js';
import { FixedLimits } from '../../support/streaming/fixed-limits.js';

describeWithRedis('with a Redis', () => {
  let redis: TestRedis;
  beforeAll(async () => {
    redis = await createTestRedis();
  });
  afterAll(() => redis.close());

  /** Keys of its own on the same server. */
  const apart = (server: RedisServer, part = randomBytes(4).toString('hex')): RedisServer => ({
    commands: server.commands,
    connect: (purpose) => server.connect(purpose),
    keyPrefix: server.keyPrefix,
    key: (...parts) => server.key(part, ...parts),
  });

  describeModelBreaker('redis', (limits, clock) => new RedisModelBreaker(apart(redis.server), limits, clock));

  it('what one instance learns, all know', async () => {
    const limits = new FixedLimits({ 'breaker.minCalls': 4, 'breaker.failureShare': 0.5 });
    const clock = new FakeClock();
    const other = await redis.another();
    const [one, two] = [new RedisModelBreaker(apart(redis.server, 'shared'), limits, clock), new RedisModelBreaker(apart(other, 'shared'), limits, clock)];
    for (const breaker of [one, two, one, two]) await breaker.report('gemini/a', 'failed');
    expect((await one.admit('gemini/a')).state).toBe('open');
    expect((await two.admit('gemini/a')).state).toBe('open');
    await clock.advance(limits.value('breaker.openMs'));
    const both = await Promise.all([one.admit('gemini/a'), two.admit('gemini/a')]);
    expect(both.map(({ state }) => state).sort()).toEqual(['open', 'probing']); // one call finds out for all
    await one.report('gemini/a', 'succeeded');
    expect((await two.admit('gemini/a')).state).toBe('closed');
  });

  it('goes by what it knows itself while Redis is away', async () => {
    const away = await redis.another();
    const breaker = new RedisModelBreaker(apart(away), new FixedLimits({ 'breaker.minCalls': 2 }), new FakeClock());
    await away.close();
    expect((await breaker.admit('gemini/a')).state).toBe('closed');
    for (let call = 0; call < 2; call++) await breaker.report('gemini/a', 'failed');
    expect((await breaker.admit('gemini/a')).state).toBe('open');
  });

  it('leaves nothing behind for ever', async () => {
    const breaker = new RedisModelBreaker(apart(redis.server, 'ttl'), new FixedLimits({ 'breaker.minCalls': 1 }), new FakeClock());
    await breaker.report('gemini/a', 'failed');
    expect(await redis.server.commands.pttl(redis.server.key('ttl', 'breaker', 'gemini/a'))).toBeGreaterThan(0);
  });
});
