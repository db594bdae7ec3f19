import { RedisSharedViewers } from '../../../src/streaming/connection/redis.shared-viewers.js';
import { FakeClock } from '../../support/fake-clock.js';
import { createTestRedis, describeWithRedis, type TestRedis } from '../../support/redis/test-redis.js';
import { FixedLimits } from '../../support/streaming/fixed-limits.js';

const GRACE_MS = 10_000;

describeWithRedis('viewers on several instances', () => {
  let redis: TestRedis;
  let clock: FakeClock;
  let one: RedisSharedViewers;
  let two: RedisSharedViewers;

  beforeEach(async () => {
    redis = await createTestRedis();
    clock = new FakeClock();
    const limits = new FixedLimits({ 'stream.disconnectGraceMs': GRACE_MS });
    one = new RedisSharedViewers(redis.server, clock, limits);
    two = new RedisSharedViewers(redis.server, clock, limits);
  });
  afterEach(async () => {
    one.close();
    two.close();
    await redis.close();
  });

  it('are seen by the others, for as long as they watch, and not by oneself', async () => {
    one.enter('run');
    await redis.server.commands.ping();
    expect(await two.isWatchedElsewhere('run')).toBe(true);
    expect(await one.isWatchedElsewhere('run')).toBe(false);
    expect(await two.isWatchedElsewhere('another run')).toBe(false);
    await clock.advance(10 * GRACE_MS);
    await redis.server.commands.ping();
    expect(await two.isWatchedElsewhere('run')).toBe(true);
    one.leave('run');
    await redis.server.commands.ping();
    expect(await two.isWatchedElsewhere('run')).toBe(false);
  });

  it('of an instance that is lost are forgotten after two graces', async () => {
    one.enter('run');
    one.close(); // it renews nothing any more
    await clock.advance(2 * GRACE_MS);
    await redis.server.commands.ping();
    expect(await two.isWatchedElsewhere('run')).toBe(true);
    await clock.advance(1);
    expect(await two.isWatchedElsewhere('run')).toBe(false);
  });
});
