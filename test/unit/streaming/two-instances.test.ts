import { jest } from '@jest/globals';
import { EMPTY_SNAPSHOT } from '../../../src/streaming/index.js';
import { createTestRedis, describeWithRedis, type TestRedis } from '../../support/redis/test-redis.js';
import { ThrowAwayRedis } from '../../support/redis/throw-away-redis.js';
import { MemoryRunDirectory } from '../../support/streaming/memory-run-directory.js';
import { RawStream } from '../../support/streaming/raw-stream.js';
import { completed, delta, started } from '../../support/streaming/sample-events.js';
import { createStreamingApp, type StreamingApp } from '../../support/streaming/streaming-app.js';

const POLL_MS = 100;

/** Two instances of an application over one Redis. */
interface Instances {
  readonly redis: TestRedis;
  readonly directory: MemoryRunDirectory;
  readonly a: StreamingApp;
  readonly b: StreamingApp;
  close(): Promise<void>;
}

async function startInstances(url?: string): Promise<Instances> {
  const redis = await createTestRedis(url);
  const directory = new MemoryRunDirectory();
  const limits = { 'stream.pollMs': POLL_MS, 'stream.flushTimeoutMs': 100, 'stream.maxPerUser': 500 };
  const a = await createStreamingApp({ redis: redis.server, directory, limits });
  const b = await createStreamingApp({ redis: await redis.another(), directory, limits });
  return {
    redis,
    directory,
    a,
    b,
    close: async () => {
      await Promise.all([a.close(), b.close()]);
      await redis.close();
    },
  };
}

const idsOf = (...streams: RawStream[]): number[] => streams.flatMap((stream) => stream.frames.filter((frame) => frame.data !== undefined).map((frame) => Number(frame.id)));
const upTo = (last: number): number[] => Array.from({ length: last }, (_, index) => index + 1);
const cursorOf = (streams: readonly RawStream[]): string => String(idsOf(...streams).at(-1) ?? 0);

describeWithRedis('two instances over one Redis', () => {
  let instances: Instances;
  beforeAll(async () => {
    instances = await startInstances();
  });
  afterAll(() => instances.close());

  it('I2: a run of A watched on B, cut off ten times and resumed on A shows no gap and no repeat', async () => {
    const { a, b } = instances;
    const writer = await a.startRun('cut-ten-times', started());
    const streams: RawStream[] = [];
    for (let cut = 0; cut < 10; cut++) {
      const stream = await RawStream.open(b.port, 'cut-ten-times', { lastEventId: cursorOf(streams) });
      for (let n = 0; n < 5; n++) writer.append(delta(`${cut}.${n} `));
      await stream.until(({ frames }) => frames.length >= 3);
      stream.disconnect();
      streams.push(stream);
    }
    const last = await RawStream.open(a.port, 'cut-ten-times', { lastEventId: cursorOf(streams) });
    writer.append(completed());
    await last.ended();
    expect(idsOf(...streams, last)).toEqual(upTo(52));
    expect(last.frames.at(-1)?.event).toBe('run.completed');
    const late = await RawStream.open(b.port, 'cut-ten-times', { lastEventId: '52' });
    expect(late.status).toBe(204);
  });

  it('a run taken over by B is followed on A to its end', async () => {
    const { a, b } = instances;
    const lost = await a.startRun('taken-over', started(), delta('by A'));
    await lost.flush();
    const viewer = await RawStream.open(a.port, 'taken-over');
    const winner = await b.log.openWriter('taken-over', 2, 1);
    lost.append(delta('too late'));
    for (const event of [delta('by B'), completed()]) winner.append(event);
    await viewer.ended();
    expect(idsOf(viewer)).toEqual([1, 2, 3, 4]);
    expect(viewer.text).not.toContain('too late');
  });

  it('I2: taken over between ten cuts, with numbers beyond all that was seen, shows one snapshot in place of the gap', async () => {
    const { a, b, directory } = instances;
    const jump = 50_000_000;
    let writer = await a.startRun('jumped', started());
    const streams: RawStream[] = [];
    for (let cut = 0; cut < 10; cut++) {
      if (cut === 5) {
        await writer.flush();
        directory.add('jumped', 'alice', { snapshot: { ...EMPTY_SNAPSHOT, message: { id: 'm', text: 'so far ' } }, lastSeq: jump, at: 0 });
        writer = await b.log.openWriter('jumped', 2, jump);
      }
      const stream = await RawStream.open((cut % 2 ? a : b).port, 'jumped', { lastEventId: cursorOf(streams) });
      for (let n = 0; n < 5; n++) writer.append(delta(`${cut}.${n} `));
      await stream.until(({ frames }) => frames.length >= 3);
      stream.disconnect();
      streams.push(stream);
    }
    const last = await RawStream.open(a.port, 'jumped', { lastEventId: cursorOf(streams) });
    writer.append(completed());
    await last.ended();
    const ids = idsOf(...streams, last);
    const at = ids.indexOf(jump);
    expect(ids.slice(0, at)).toEqual(upTo(at));
    expect(ids.slice(at)).toEqual(upTo(27).map((n) => jump + n - 1));
    expect([...streams, last].flatMap(({ frames }) => frames.filter(({ event }) => event === 'run.snapshot')).map(({ id }) => id)).toEqual([String(jump)]);
  });

  it('200 viewers cost one serialisation of each event on A and one parsing per instance at most', async () => {
    const { a, b } = instances;
    const writer = await a.startRun('popular', started());
    const viewers = await Promise.all(Array.from({ length: 200 }, (_, index) => RawStream.open(index % 2 ? a.port : b.port, 'popular')));
    await Promise.all(viewers.map((viewer) => viewer.until(({ frames }) => frames.length === 1)));
    const [stringify, parse] = [jest.spyOn(JSON, 'stringify'), jest.spyOn(JSON, 'parse')];
    for (let n = 0; n < 20; n++) writer.append(delta(`word${n}`));
    writer.append(completed());
    await Promise.all(viewers.map((viewer) => viewer.ended()));
    const calls = [stringify, parse].map((spy) => spy.mock.calls.filter(([value]) => /word|run\.completed|finishReason/.test(typeof value === 'string' ? value : Object.values(value as object).join())).length);
    jest.restoreAllMocks();
    expect(calls[0]).toBeLessThanOrEqual(21);
    expect(calls[1]).toBeLessThanOrEqual(42); // a poll may bring A its own events before it hears that they are kept
    for (const viewer of viewers) expect(idsOf(viewer)).toEqual(upTo(22));
  });
});

describeWithRedis('a Redis that fails in the middle of a run', () => {
  let server: ThrowAwayRedis;
  let instances: Instances;
  afterEach(async () => {
    await instances.close();
    await server.close();
  });

  it.each([['and has lost everything', false], ['and has kept everything', true]])('I2: comes back %s: the stream goes on', async (_, persistent) => {
    server = await ThrowAwayRedis.start({ persistent });
    instances = await startInstances(server.url);
    const { a, b } = instances;
    const writer = await a.startRun('interrupted', started(), delta('before '));
    await writer.flush();
    const viewers = await Promise.all([RawStream.open(a.port, 'interrupted'), RawStream.open(b.port, 'interrupted')]);
    await Promise.all(viewers.map((viewer) => viewer.until(({ frames }) => frames.length === 2)));
    await server.kill();
    writer.append(delta('meanwhile '));
    await writer.flush(); // does not hold the run up
    await server.start();
    writer.append(delta('after'));
    writer.append(completed());
    await Promise.all(viewers.map((viewer) => viewer.ended()));
    for (const viewer of viewers) expect(idsOf(viewer)).toEqual(upTo(5));
  });

  it('is away: a stream that is opened meanwhile is refused with when to come back, and one that is open goes on', async () => {
    server = await ThrowAwayRedis.start({ persistent: true });
    instances = await startInstances(server.url);
    const { a, b } = instances;
    const writer = await a.startRun('away', started());
    await writer.flush();
    const viewer = await RawStream.open(a.port, 'away');
    await viewer.until(({ frames }) => frames.length === 1);
    await server.kill();
    await refusedBy(b);
    await server.start();
    writer.append(completed());
    await viewer.ended();
    expect(idsOf(viewer)).toEqual([1, 2]);
    expect(idsOf(await (await onceBack(b)).ended())).toEqual([1, 2]);
  });

  /** Each instance has a connection of its own, which comes back in its own time. */
  async function onceBack({ port }: StreamingApp): Promise<RawStream> {
    for (;;) {
      const stream = await RawStream.open(port, 'away');
      if (stream.status !== 503) return stream;
      await stream.ended();
    }
  }

  async function refusedBy({ port, openStreams }: StreamingApp): Promise<void> {
    const refused = await RawStream.open(port, 'away');
    expect(refused.status).toBe(503);
    expect(Number(refused.response.headers['retry-after'])).toBeGreaterThan(0);
    expect(await refused.problem()).toMatchObject({ code: 'event_log_unavailable', detail: expect.stringContaining('run itself goes on') as string });
    expect(openStreams.count).toBe(0); // it has taken no place
  }

  it('loses its doorbells: the poll behind them finds the events', async () => {
    server = await ThrowAwayRedis.start();
    instances = await startInstances(server.url);
    const { a, b, redis } = instances;
    const writer = await a.startRun('silent', started());
    await writer.flush();
    const viewer = await RawStream.open(b.port, 'silent');
    await viewer.until(({ frames }) => frames.length === 1);
    await redis.server.commands.call('ACL', 'SETUSER', 'default', '-subscribe'); // so that the bells are not hung up again
    await redis.server.commands.call('CLIENT', 'KILL', 'TYPE', 'pubsub');
    writer.append(completed());
    await viewer.ended();
    expect(idsOf(viewer)).toEqual([1, 2]);
  });
});
