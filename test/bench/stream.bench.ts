import type { RunEventWriter } from '../../src/streaming/index.js';
import { MemoryRunEventLog } from '../../src/streaming/log/memory.run-event-log.js';
import { RedisRunEventLog } from '../../src/streaming/log/redis.run-event-log.js';
import { SystemClock } from '../../src/common/index.js';
import { createTestRedis, redisUrl } from '../support/redis/test-redis.js';
import { FixedLimits } from '../support/streaming/fixed-limits.js';
import { completed, delta } from '../support/streaming/sample-events.js';
import { createStreamingApp, type StreamingApp } from '../support/streaming/streaming-app.js';
import { ViewerProcess } from '../support/streaming/viewer-process.js';

// Run by: npm test -- --testMatch '<rootDir>/test/bench/stream.bench.ts'
// Figures are CPU time (user and system) of the server's process; the viewers are another process.
const CHUNK = delta('some forty-five characters of a model answer. ');
const EVENTS = 200;
const PACE_MS = 20;

let server: StreamingApp;
let viewers: ViewerProcess;
let nextRun = 0;

beforeAll(async () => {
  server = await createStreamingApp({ limits: { 'stream.maxPerUser': 10_000 } });
  viewers = new ViewerProcess();
  for (let warmUp = 0; warmUp < 3; warmUp++) await burst(20);
});

afterAll(async () => {
  viewers.close();
  await server.close();
});

it('compiles what is measured', async () => {
  for (let warmUp = 0; warmUp < 50; warmUp++) await burst(20);
}, 60_000);

it('appends without a viewer', async () => {
  const log = new MemoryRunEventLog(new SystemClock(), new FixedLimits());
  const rounds = 100;
  let cpuUs = 0;
  for (let round = 0; round < rounds; round++) {
    const writer = await log.openWriter(`r${round}`, 1, 0);
    cpuUs += await cpuOf(async () => {
      for (let n = 0; n < 1_000; n++) writer.append(CHUNK);
    });
  }
  log.onModuleDestroy();
  report('append, nobody watches', cpuUs / (rounds * 1_000), 'µs per event');
});

(redisUrl ? it : it.skip).each([1, 50])('appends to Redis, %i events a call (skipped without TEST_REDIS_URL)', async (eventsPerCall) => {
  const redis = await createTestRedis();
  const log = new RedisRunEventLog(redis.server, new SystemClock(), new FixedLimits());
  const calls = 2_000;
  const writer = await log.openWriter('appended', 1, 0);
  const cpuUs = await cpuOf(async () => {
    for (let call = 0; call < calls; call++) {
      for (let n = 0; n < eventsPerCall; n++) writer.append(CHUNK);
      await writer.flush();
    }
  });
  log.beforeApplicationShutdown();
  await redis.close();
  report(`append to Redis, ${eventsPerCall} events a call, nobody watches`, cpuUs / (calls * eventsPerCall), 'µs per event');
}, 60_000);

it.each([1, 200])('delivers a burst to %i viewers of one run', async (count) => {
  const cpuUs: number[] = [];
  for (let round = 0; round < (count === 1 ? 100 : 7); round++) cpuUs.push(await burst(count));
  report(`burst of ${EVENTS}, ${count} viewers`, median(cpuUs) / (EVENTS * count), 'µs per delivered event');
}, 60_000);

it('delivers 50 paced runs to a viewer each', async () => {
  report(`50 runs, one event every ${PACE_MS} ms each`, (await paced(50, 1)) / (EVENTS * 50), 'µs per delivered event');
});

it('delivers one paced run to 200 viewers', async () => {
  report(`1 run, one event every ${PACE_MS} ms, 200 viewers`, (await paced(1, 200)) / (EVENTS * 200), 'µs per delivered event');
}, 30_000);

/** @returns CPU µs of appending a run at once and delivering it */
async function burst(count: number): Promise<number> {
  const { runIds, writers } = await startRuns(1);
  await openViewers(Array.from({ length: count }, () => runIds[0] ?? ''));
  return cpuOf(async () => {
    for (let n = 1; n < EVENTS; n++) writers[0]?.append(CHUNK);
    await end(writers);
  });
}

async function paced(runCount: number, viewersPerRun: number): Promise<number> {
  const { runIds, writers } = await startRuns(runCount);
  await openViewers(runIds.flatMap((runId) => Array.from({ length: viewersPerRun }, () => runId)));
  return cpuOf(async () => {
    await Promise.all(writers.map((writer, index) => pace(writer, (index * PACE_MS) / runCount)));
    await end(writers);
  });
}

async function pace(writer: RunEventWriter, delayMs: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, delayMs));
  await new Promise<void>((resolve) => {
    let appended = 0;
    const timer = setInterval(() => {
      writer.append(CHUNK);
      if (++appended < EVENTS - 1) return;
      clearInterval(timer);
      resolve();
    }, PACE_MS);
  });
}

async function startRuns(count: number): Promise<{ runIds: string[]; writers: RunEventWriter[] }> {
  const runIds = Array.from({ length: count }, () => `run-${nextRun++}`);
  return { runIds, writers: await Promise.all(runIds.map((runId) => server.startRun(runId))) };
}

function openViewers(runIds: string[]): Promise<void> {
  return viewers.open(server.port, runIds);
}

/** Ends the runs. Resolves when the viewers have everything. */
async function end(writers: RunEventWriter[]): Promise<void> {
  const allEnded = viewers.ended();
  for (const writer of writers) writer.append(completed());
  await allEnded;
}

async function cpuOf(work: () => Promise<void>): Promise<number> {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return user + system;
}

function report(what: string, value: number, unit: string): void {
  process.stdout.write(`${what}: ${value.toFixed(2)} ${unit}\n`);
}

function median(values: number[]): number {
  return values.sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;
}
