import { Logger } from '@nestjs/common';
import { type Clock, SystemClock } from '../../../src/common/index.js';
import type { LimitValues } from '../../../src/limits/index.js';
import type { RunEventLog } from '../../../src/streaming/index.js';
import { RedisRunEventLog } from '../../../src/streaming/log/redis.run-event-log.js';
import { RunWindow } from '../../../src/streaming/log/run-window.js';
import { describeRunEventLog } from '../../conformance/run-event-log.conformance.js';
import { FakeClock } from '../../support/fake-clock.js';
import { createTestRedis, describeWithRedis, type TestRedis } from '../../support/redis/test-redis.js';
import { ThrowAwayRedis } from '../../support/redis/throw-away-redis.js';
import { FixedLimits } from '../../support/streaming/fixed-limits.js';
import { completed, delta, started } from '../../support/streaming/sample-events.js';

beforeAll(() => Logger.overrideLogger(false));

interface OpenedLog {
  readonly log: RunEventLog;
  readonly redis: TestRedis;
  close(): Promise<void>;
}

async function openLog(options: { url?: string; clock?: Clock; limits?: Partial<LimitValues> } = {}): Promise<OpenedLog> {
  const redis = await createTestRedis(options.url);
  const log = new RedisRunEventLog(redis.server, options.clock ?? new SystemClock(), new FixedLimits(options.limits));
  return {
    log,
    redis,
    close: async () => {
      log.beforeApplicationShutdown();
      await redis.close();
    },
  };
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  for (const deadline = Date.now() + 10_000; !(await condition()); ) {
    if (Date.now() > deadline) throw new Error('It never came to that.');
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

describeWithRedis('with a Redis', () => {
  describeRunEventLog('redis', () => openLog());
});

describeWithRedis('I8: the bounds of the log in Redis', () => {
  it('stream.replayRetentionMs: an ended run is kept for as long and then forgotten', async () => {
    const opened = await openLog({ limits: { 'stream.replayRetentionMs': 300 } });
    const writer = await opened.log.openWriter('r', 1, 0);
    writer.append(completed());
    await writer.flush();
    expect((await opened.log.read('r', 0, 1)).state).toBe('ended');
    await until(async () => (await opened.log.read('r', 0, 1)).state === 'gone');
    await opened.close();
  });

  it('stream.unendedRetentionMs: a run without an end is kept for as long after its last event', async () => {
    const opened = await openLog({ limits: { 'stream.unendedRetentionMs': 60_000, 'stream.replayRetentionMs': 1 } });
    const writer = await opened.log.openWriter('r', 1, 0);
    writer.append(started());
    await writer.flush();
    for (const key of await opened.redis.server.commands.keys(`${opened.redis.keyPrefix}*`)) {
      const remainingMs = await opened.redis.server.commands.pttl(key);
      expect(remainingMs).toBeGreaterThan(30_000);
      expect(remainingMs).toBeLessThanOrEqual(60_000);
    }
    await opened.close();
  });

  it('stream.maxEventsPerRun: older ones go, by whole nodes of the stream', async () => {
    const opened = await openLog({ limits: { 'stream.maxEventsPerRun': 100 } });
    const writer = await opened.log.openWriter('r', 1, 0);
    for (let n = 0; n < 100; n++) writer.append(delta(String(n)));
    await writer.flush();
    expect((await opened.log.read('r', 0, 1)).state).toBe('open');
    for (let n = 100; n < 1_000; n++) writer.append(delta(String(n)));
    await writer.flush();
    expect((await opened.log.read('r', 0, 1)).state).toBe('gone');
    expect((await opened.log.read('r', 799, 500)).state).toBe('gone');
    expect((await opened.log.read('r', 900, 500)).events).toHaveLength(100);
    await opened.close();
  });

  it('stream.maxWindowEvents: at it a window answers for all its events, beyond for the newer half', () => {
    const window = new RunWindow();
    window.reset(0);
    const add = (seq: number): boolean => window.add([{ seq, json: '', event: { ...started(), runId: 'r', seq, at: 0 } }], false, 10);
    for (let seq = 1; seq <= 10; seq++) add(seq);
    expect(window.page(0, 100)?.events).toHaveLength(10);
    add(11);
    expect(window.page(0, 100)).toBeUndefined();
    expect(window.page(6, 100)?.events.map(({ json }) => json)).toHaveLength(5);
    expect(add(11)).toBe(false);
  });
});

describeWithRedis('I8: the bounds while Redis is away', () => {
  let server: ThrowAwayRedis;
  let opened: OpenedLog;
  beforeEach(async () => {
    server = await ThrowAwayRedis.start();
  });
  afterEach(async () => {
    await opened.close();
    await server.close();
  });

  it.each([
    ['at it all events wait', 100, 0],
    ['beyond, the oldest go and readers before them are told so', 103, 3],
  ])('stream.maxUnsavedEvents: %s', async (_, events, lost) => {
    opened = await openLog({ url: server.url, limits: { 'stream.maxUnsavedEvents': 100, 'stream.pollMs': 50, 'stream.flushTimeoutMs': 10_000 } });
    const writer = await opened.log.openWriter('r', 1, 0);
    await server.kill();
    for (let n = 0; n < events; n++) writer.append(delta(String(n)));
    await server.start();
    await writer.flush();
    if (lost > 0) expect((await opened.log.read('r', lost - 1, 1)).state).toBe('gone');
    const page = await opened.log.read('r', lost, 1_000);
    expect(page.events.map(({ event }) => event.seq)).toEqual(Array.from({ length: 100 }, (__, index) => index + lost + 1));
    expect(writer.lastSeq).toBe(events);
  });

  it('stream.flushTimeoutMs: a checkpoint waits until it and not longer', async () => {
    const clock = new FakeClock();
    opened = await openLog({ url: server.url, clock, limits: { 'stream.flushTimeoutMs': 500, 'stream.pollMs': 1_000 } });
    const writer = await opened.log.openWriter('r', 1, 0);
    await server.kill();
    writer.append(started());
    let isDone = false;
    const flushed = writer.flush().then(() => (isDone = true));
    await clock.advance(499);
    expect(isDone).toBe(false);
    await clock.advance(1);
    await flushed;
  });

  it('a run begins without it, and its events follow', async () => {
    opened = await openLog({ url: server.url, limits: { 'stream.flushTimeoutMs': 20, 'stream.pollMs': 50 } });
    await server.kill();
    const writer = await opened.log.openWriter('r', 1, 0);
    writer.append(started());
    await writer.flush();
    await server.start();
    await until(async () => (await opened.log.read('r', 0, 10).catch(() => undefined))?.events.length === 1);
  });

  it('stream.pollMs: without doorbells, events are seen at the next poll and not before', async () => {
    const clock = new FakeClock();
    opened = await openLog({ url: server.url, clock, limits: { 'stream.pollMs': 1_000 } });
    const elsewhere = new RedisRunEventLog(await opened.redis.another(), new SystemClock(), new FixedLimits());
    await opened.redis.server.commands.call('ACL', 'SETUSER', 'default', '-subscribe'); // so that the bells are not hung up
    const writer = await elsewhere.openWriter('r', 1, 0);
    let calls = 0;
    const stop = opened.log.watch('r', () => calls++);
    await clock.advance(0);
    await until(async () => calls > 0);
    const before = calls;
    writer.append(started());
    await writer.flush();
    await clock.advance(999);
    expect(calls).toBe(before);
    await clock.advance(1);
    await until(async () => calls > before);
    stop();
    elsewhere.beforeApplicationShutdown();
  });
});
