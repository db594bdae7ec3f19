import { BullMqRunQueue } from '../../../src/chat/queue/bullmq.run-queue.js';
import { SystemClock } from '../../../src/common/index.js';
import { loadConfig } from '../../../src/config/index.js';
import { Metrics } from '../../../src/metrics/index.js';
import type { RedisServer } from '../../../src/redis/index.js';
import { describeRunQueue, hasRoom, runOf, Work } from '../../conformance/run-queue.conformance.js';
import { createTestRedis, describeWithRedis, type TestRedis } from '../../support/redis/test-redis.js';
import { ThrowAwayRedis } from '../../support/redis/throw-away-redis.js';
import { FixedLimits } from '../../support/streaming/fixed-limits.js';

const clock = new SystemClock();
const metrics = new Metrics(loadConfig(() => [], {}));

function queueOver(redis: RedisServer, maxWorking: number, maxQueued = 100): { queue: BullMqRunQueue; limits: FixedLimits } {
  const limits = new FixedLimits({ 'chat.maxQueued': maxQueued, 'chat.maxConcurrentRunsPerInstance': maxWorking });
  return { queue: new BullMqRunQueue(redis, limits, clock, metrics), limits };
}

describeWithRedis('over Redis', () => {
  describeRunQueue('BullMQ', async ({ maxWorking, maxQueued }) => {
    const redis = await createTestRedis();
    const { queue, limits } = queueOver(redis.server, maxWorking, maxQueued);
    return {
      queue,
      allow: (value) => limits.change({ 'chat.maxConcurrentRunsPerInstance': value }),
      close: async () => {
        await queue.close();
        await redis.close();
      },
    };
  });

  describe('the queue of two instances', () => {
    let redis: TestRedis;
    let a: BullMqRunQueue;
    let b: BullMqRunQueue;
    beforeEach(async () => {
      redis = await createTestRedis();
      ({ queue: a } = queueOver(redis.server, 1));
      ({ queue: b } = queueOver(await redis.another(), 1));
    });
    afterEach(async () => {
      await Promise.all([a.close(), b.close()]);
      await redis.close();
    });

    it('a run goes to whichever has room, wherever it was admitted', async () => {
      const [onA, onB] = [new Work(), new Work()];
      a.start(onA.handler);
      b.start(onB.handler);
      await a.enqueue([runOf('1'), runOf('2'), runOf('3')]);
      await Promise.all([onA.began(1), onB.began(1)]);
      expect([...onA.begun, ...onB.begun].sort()).toEqual(['1', '2']);
      expect(await b.state()).toMatchObject({ waiting: 1, isBusy: true });
      await onB.finish(onB.begun[0] ?? '');
      expect((await onB.began(2))[1]).toBe('3');
      await onB.finish('3');
      await onA.finish(onA.begun[0] ?? '');
    });

    it('lets users take turns over both', async () => {
      const ids = Array.from({ length: 6 }, (_, index) => `ann-${index}`);
      await a.enqueue(ids.map((runId) => runOf(runId, 'ann')));
      await b.enqueue([runOf('bob-0', 'bob'), runOf('bob-1', 'bob')]);
      await a.enqueue([runOf('cid-0', 'cid')]);
      const work = new Work(); // of both, so that the order shows
      a.start(work.handler);
      b.start(work.handler);
      for (let ended = 0; ended < 9; ended++) {
        const begun = await work.began(Math.min(ended + 2, 9));
        await work.finish(begun[ended] ?? '');
      }
      expect(work.most).toBe(2);
      expect([...work.begun].sort()).toEqual([...ids, 'bob-0', 'bob-1', 'cid-0']);
      // One after the other they would be the second, third and fifth; two at a time may swap.
      expect(work.begun.indexOf('bob-0')).toBeLessThanOrEqual(2);
      expect(work.begun.indexOf('cid-0')).toBeLessThanOrEqual(3);
      expect(work.begun.indexOf('bob-1')).toBeLessThanOrEqual(5);
      expect(work.begun.indexOf('ann-5')).toBeGreaterThanOrEqual(7);
    });

    it('closing gives the turn it may hold to the other', async () => {
      const [onA, onB] = [new Work(), new Work()];
      a.start(onA.handler);
      await a.enqueue([runOf('1'), runOf('2')]);
      await onA.began(1);
      const closed = a.close();
      await onA.finish('1');
      await closed;
      b.start(onB.handler);
      await onB.finish('2');
      expect(onA.begun).toEqual(['1']);
    });

    it('a refill brings back what Redis lost', async () => {
      await a.enqueue([runOf('1'), runOf('2')]);
      await deleteKeys('*');
      expect((await a.state()).waiting).toBe(0);
      const work = new Work();
      b.start(work.handler);
      await b.enqueue([runOf('1'), runOf('2')]);
      for (const runId of ['1', '2']) await work.finish(runId);
      expect(work.begun).toEqual(['1', '2']);
    });

    it('a lost turn is made good by an idle instance', async () => {
      await a.enqueue([runOf('1', 'ann'), runOf('2', 'urn:user:7@example|x')]);
      await deleteKeys(':turns:*');
      const work = new Work();
      b.start(work.handler);
      await Promise.all(['1', '2'].map((runId) => work.finish(runId)));
    });

    async function deleteKeys(pattern: string): Promise<void> {
      const keys = await redis.server.commands.keys(`${redis.keyPrefix}${pattern}`);
      expect(keys.length).toBeGreaterThan(0);
      await redis.server.commands.del(...keys);
    }
  });

  it('while Redis is away, runs go on and an instance takes new ones as long as it has room; afterwards it goes on with the rest', async () => {
    const server = await ThrowAwayRedis.start();
    const redis = await createTestRedis(server.url);
    const { queue } = queueOver(redis.server, 2);
    const work = new Work();
    try {
      queue.start(work.handler);
      await queue.enqueue([runOf('before')]);
      await work.began(1);
      const lost = new Promise((resolve) => redis.server.commands.once('reconnecting', resolve));
      await server.kill();
      await lost;
      expect(await hasRoom(queue)).toBe(true);
      await queue.enqueue([runOf('meanwhile')]);
      expect(work.begun).toEqual(['before', 'meanwhile']);
      expect(await hasRoom(queue)).toBe(false);
      await queue.enqueue([runOf('too many')]);
      expect(work.begun).toHaveLength(2);
      await work.finish('before');
      await server.start();
      if (redis.server.commands.status !== 'ready') await new Promise((resolve) => redis.server.commands.once('ready', resolve));
      await queue.enqueue([runOf('too many')]); // as the refill does
      for (const runId of ['meanwhile', 'too many']) await work.finish(runId);
    } finally {
      work.endAll();
      await queue.close();
      await redis.close();
      await server.close();
    }
  });

  it('closes without Redis, too', async () => {
    const server = await ThrowAwayRedis.start();
    const redis = await createTestRedis(server.url);
    const { queue } = queueOver(redis.server, 1);
    const work = new Work();
    queue.start(work.handler);
    await queue.enqueue([runOf('before')]);
    await work.finish('before');
    const lost = new Promise((resolve) => redis.server.commands.once('reconnecting', resolve));
    await server.kill();
    await lost;
    await queue.close();
    await redis.close();
    await server.close();
  });
});
