import { SystemClock } from '../../src/common/index.js';
import type { RunEventLog } from '../../src/streaming/index.js';
import { MemoryRunEventLog } from '../../src/streaming/log/memory.run-event-log.js';
import { RedisRunEventLog } from '../../src/streaming/log/redis.run-event-log.js';
import { createTestRedis, describeWithRedis, type TestRedis } from '../support/redis/test-redis.js';
import { FixedLimits } from '../support/streaming/fixed-limits.js';
import { delta } from '../support/streaming/sample-events.js';

// Run by: TEST_REDIS_URL=... npm test -- --testMatch '<rootDir>/test/bench/redis-log.bench.ts'
const CHUNK = delta('some forty-five characters of a model answer. ');
const EVENTS = 20_000;
/** Chunks that one read of a model's answer brings. */
const CHUNKS_PER_TURN = 4;
const WARM_UPS = 3;
const SINGLE_EVENTS = 500;

describeWithRedis('what the log in Redis costs beside the one in memory', () => {
  const clock = new SystemClock();
  const limits = new FixedLimits({ 'stream.maxEventsPerRun': 1_000_000, 'stream.maxEventsPerInstance': 10_000_000, 'stream.maxUnsavedEvents': 1_000_000 });
  const memory = new MemoryRunEventLog(clock, limits);
  let redis: TestRedis;
  let shared: RedisRunEventLog;
  let scriptCalls = 0;
  let nextRun = 0;

  beforeAll(async () => {
    redis = await createTestRedis();
    shared = new RedisRunEventLog(redis.server, clock, limits);
    const { commands } = redis.server;
    const evalsha: (...parameters: never[]) => Promise<unknown> = commands.evalsha.bind(commands);
    commands.evalsha = ((...parameters: never[]) => {
      scriptCalls++;
      return evalsha(...parameters);
    }) as typeof commands.evalsha;
  });
  afterAll(async () => {
    memory.onModuleDestroy();
    shared.beforeApplicationShutdown();
    await redis.close();
  });

  it.each(['memory', 'redis'])('%s', async (name) => {
    const log = name === 'memory' ? memory : shared;
    for (let round = 0; round < WARM_UPS; round++) await append(log);
    const { inAppendMs, cpuUs, wallMs, calls } = await append(log);
    report(`${name}: the loop waits`, (inAppendMs * 1_000) / EVENTS, 'µs per event');
    report(`${name}: processor time of the instance`, cpuUs / EVENTS, 'µs per event');
    report(`${name}: throughput of one run`, EVENTS / (wallMs / 1_000), 'events per second');
    if (calls > 0) report(`${name}: events of one call`, EVENTS / calls, 'on average');
    const waits = await waitsOfViewer(log);
    report(`${name}: until a viewer is woken`, waits[Math.floor(waits.length / 2)] ?? NaN, `ms (p50), ${(waits[Math.floor(waits.length * 0.99)] ?? NaN).toFixed(2)} (p99)`);
  }, 60_000);

  async function append(log: RunEventLog): Promise<{ inAppendMs: number; cpuUs: number; wallMs: number; calls: number }> {
    const writer = await log.openWriter(`run-${nextRun++}`, 1, 0);
    let inAppendMs = 0;
    scriptCalls = 0;
    const [cpuBefore, before] = [process.cpuUsage(), performance.now()];
    for (let n = 0; n < EVENTS; n += CHUNKS_PER_TURN) {
      const begun = performance.now();
      for (let chunk = 0; chunk < CHUNKS_PER_TURN; chunk++) writer.append(CHUNK);
      inAppendMs += performance.now() - begun;
      await new Promise((resolve) => setImmediate(resolve));
    }
    await writer.flush();
    const { user, system } = process.cpuUsage(cpuBefore);
    return { inAppendMs, cpuUs: user + system, wallMs: performance.now() - before, calls: scriptCalls };
  }

  /** One event at a time: from its append until a viewer of the same instance may read it. In order. */
  async function waitsOfViewer(log: RunEventLog): Promise<number[]> {
    const runId = `run-${nextRun++}`;
    const writer = await log.openWriter(runId, 1, 0);
    let onSeen = (): void => undefined;
    const stop = log.watch(runId, () => void look());
    const look = async (): Promise<void> => {
      if (writer.lastSeq > 0 && (await log.read(runId, writer.lastSeq - 1, 1)).events.length > 0) onSeen();
    };
    const waits: number[] = [];
    for (let n = 0; n < SINGLE_EVENTS; n++) {
      const begun = performance.now();
      await new Promise<void>((resolve) => {
        onSeen = resolve;
        writer.append(CHUNK);
      });
      waits.push(performance.now() - begun);
    }
    stop();
    return waits.sort((a, b) => a - b);
  }
});

function report(what: string, value: number, unit: string): void {
  process.stdout.write(`${what}: ${value.toFixed(2)} ${unit}\n`);
}
