import { Agent } from 'node:http';
import { Socket } from 'node:net';
import { jest } from '@jest/globals';
import { EMPTY_SNAPSHOT } from '../../../src/streaming/index.js';
import { FakeClock } from '../../support/fake-clock.js';
import { RawStream } from '../../support/streaming/raw-stream.js';
import { completed, delta, started } from '../../support/streaming/sample-events.js';
import { createStreamingApp, type StreamingApp, type StreamingAppOptions } from '../../support/streaming/streaming-app.js';

describe('the connections of event streams', () => {
  let clock: FakeClock;
  let server: StreamingApp;

  const serve = async (limits: StreamingAppOptions['limits'] = {}): Promise<void> => {
    clock = new FakeClock();
    server = await createStreamingApp({ clock, limits });
  };
  /** Open, and known to the server as such. */
  const open = async (runId: string, options = {}): Promise<RawStream> => (await RawStream.open(server.port, runId, options)).until(({ bytes }) => bytes.length > 1);
  afterEach(() => server.close());

  describe('heartbeats', () => {
    it('stream.heartbeatMs: come each time it has passed and not before, as comments without an id', async () => {
      await serve({ 'stream.heartbeatMs': 15_000 });
      await server.startRun('idle');
      const stream = await open('idle');
      for (let beat = 1; beat <= 3; beat++) {
        await clock.advance(14_999);
        expect(heartbeats(stream)).toBe(beat - 1);
        await clock.advance(1);
        await stream.until(() => heartbeats(stream) === beat);
      }
      expect(stream.frames).toEqual([]);
    });

    it('follow a change of the limit', async () => {
      await serve({ 'stream.heartbeatMs': 15_000 });
      await server.startRun('idle');
      const stream = await open('idle');
      server.limits.change({ 'stream.heartbeatMs': 1_000 });
      await clock.advance(17_000);
      await stream.until(() => heartbeats(stream) === 3);
    });

    it('end with the stream, as every timer of it', async () => {
      await serve();
      const writer = await server.startRun('short');
      const before = clock.pendingTimers;
      const stream = await open('short');
      stream.disconnect();
      await waitFor(() => server.openStreams.count === 0);
      await clock.advance(server.limits.value('stream.heartbeatMs') / 2); // as long as an answer about the run is kept for others
      expect(clock.pendingTimers).toBe(before);
      const whole = await open('short');
      writer.append(completed());
      await whole.ended();
      await waitFor(() => server.openStreams.count === 0);
      await clock.advance(server.limits.value('stream.heartbeatMs') / 2);
      expect(clock.pendingTimers).toBe(before + 1); // the log's, which sweeps ended runs
    });
  });

  describe('the end of a run', () => {
    it('I1: is told to those who wait for it, when whoever ended the run was lost before it could say so', async () => {
      await serve({ 'stream.heartbeatMs': 15_000 });
      await server.startRun('r', started());
      const stream = await open('r');
      await stream.until(({ frames }) => frames.length === 1);
      await clock.advance(15_000);
      await stream.until(() => heartbeats(stream) === 1);
      server.directory.add('r', 'alice', { snapshot: EMPTY_SNAPSHOT, lastSeq: 3, terminal: completed(), at: 0 });
      await clock.advance(15_000);
      expect((await stream.ended()).frames.map(({ id, event }) => [id, event])).toEqual([['1', 'run.started'], ['2', 'run.snapshot'], ['3', 'run.completed']]);
    });
  });

  it('are kept alive by TCP too, which needs no event loop and finds out about clients that vanished', async () => {
    const setKeepAlive = jest.spyOn(Socket.prototype, 'setKeepAlive');
    try {
      await serve();
      await server.startRun('r');
      await open('r');
      expect(setKeepAlive).toHaveBeenCalledWith(true, 30_000);
    } finally {
      setKeepAlive.mockRestore();
    }
  });

  describe('rotation', () => {
    it('stream.maxDurationMs: ends the stream at it and not before, with when to come back, under the id the client has', async () => {
      await serve({ 'stream.maxDurationMs': 60_000 });
      await server.startRun('long', started(), delta('a'));
      const stream = await open('long');
      await stream.until(({ frames }) => frames.length === 2);
      await clock.advance(59_999);
      expect(stream.frames).toHaveLength(2);
      expect(server.openStreams.count).toBe(1);
      await clock.advance(1);
      await stream.ended();
      expect(stream.wasCut).toBe(false);
      expect(stream.frames.slice(2)).toEqual([{ id: '2', retry: expect.stringMatching(/^\d+$/) }]);
    });

    it('stream.maxRetryMs: asks each client to come back at a time of its own, from a fifth of it up to it and not beyond', async () => {
      await serve({ 'stream.maxDurationMs': 60_000, 'stream.maxRetryMs': 60_000, 'stream.maxPerUser': 100 });
      await server.startRun('popular', started());
      const streams = await Promise.all(Array.from({ length: 50 }, () => open('popular')));
      await Promise.all(streams.map((stream) => stream.until(({ frames }) => frames.length === 1)));
      await clock.advance(60_000);
      await Promise.all(streams.map((stream) => stream.ended()));
      const delays = streams.map(({ frames }) => Number(frames.at(-1)?.retry));
      expect(Math.min(...delays)).toBeGreaterThanOrEqual(12_000);
      expect(Math.max(...delays)).toBeLessThanOrEqual(60_000);
      expect(new Set(delays).size).toBeGreaterThan(25);
    });

    it('keeps the cursor of a client that got nothing on this connection', async () => {
      await serve({ 'stream.maxDurationMs': 60_000 });
      await server.startRun('long', started(), delta('a'));
      const stream = await open('long', { lastEventId: '2' });
      await clock.advance(60_000);
      expect((await stream.ended()).frames.map(({ id }) => id)).toEqual(['2']);
    });
  });

  describe('caps', () => {
    it('stream.maxPerUser: opens that many, answers 429 beyond, to that user alone, and gives the place back', async () => {
      await serve({ 'stream.maxPerUser': 2 });
      await server.startRun('r');
      server.directory.add('bobs', 'bob');
      const [first] = await Promise.all([open('r'), open('r')]);
      const refused = await RawStream.open(server.port, 'r');
      expect(refused.status).toBe(429);
      expect(Number(refused.response.headers['retry-after'])).toBeGreaterThan(0);
      expect(await refused.problem()).toMatchObject({ code: 'limit_exceeded', limit: 'stream.maxPerUser', value: 2 });
      expect((await RawStream.open(server.port, 'bobs', { user: 'bob' })).status).toBe(200);
      first.disconnect();
      await waitFor(() => server.openStreams.count === 2);
      expect((await RawStream.open(server.port, 'r')).status).toBe(200);
    });

    it('stream.maxPerInstance: opens that many and answers 503 beyond', async () => {
      await serve({ 'stream.maxPerInstance': 2 });
      await server.startRun('r');
      await open('r');
      await open('r');
      const refused = await RawStream.open(server.port, 'r');
      expect(refused.status).toBe(503);
      expect(refused.response.headers['retry-after']).toBeDefined();
      expect(await refused.problem()).toMatchObject({ code: 'streams_full' });
    });

    it('takes no place for what is refused otherwise', async () => {
      await serve({ 'stream.maxPerInstance': 1 });
      await server.startRun('ended', completed());
      await (await RawStream.open(server.port, 'nothing')).ended();
      await (await RawStream.open(server.port, 'ended', { after: 1 })).ended();
      expect(server.openStreams.count).toBe(0);
    });
  });

  describe('closing the application', () => {
    it('ends every stream in good order and soon, so that clients come back elsewhere', async () => {
      await serve();
      await server.startRun('r', started());
      const agent = new Agent({ keepAlive: true }); // as browsers do
      const streams = await Promise.all(Array.from({ length: 20 }, () => open('r', { lastEventId: '1', agent })));
      const begun = Date.now();
      await server.close();
      expect(Date.now() - begun).toBeLessThan(1_500);
      await Promise.all(streams.map((stream) => stream.ended()));
      for (const stream of streams) {
        expect(stream.wasCut).toBe(false);
        expect(stream.frames).toEqual([{ id: '1', retry: expect.any(String) }]);
      }
      expect(new Set(streams.map(({ frames }) => frames[0]?.retry)).size).toBeGreaterThan(10); // not all at once
      expect(server.openStreams.count).toBe(0);
    });

    it('still tells what happened last, above all how the run ended', async () => {
      await serve();
      const writer = await server.startRun('r', started());
      const stream = await open('r', { lastEventId: '1' });
      writer.append(completed());
      await server.close();
      expect((await stream.ended()).frames).toMatchObject([{ id: '2', event: 'run.completed' }]);
    });

    it('gives streams that still come what there is, and sends them on', async () => {
      await serve();
      await server.startRun('r', started());
      await server.openStreams.drain();
      const late = await (await RawStream.open(server.port, 'r')).ended();
      expect(late.status).toBe(200);
      expect(late.frames).toMatchObject([{ id: '1', event: 'run.started' }, { id: '1', retry: expect.any(String) }]);
    });

    it('waits for no reader longer than its grace', async () => {
      await serve();
      const writer = await server.startRun('r');
      for (let n = 0; n < 1_500; n++) writer.append(delta('x'.repeat(16 * 1024)));
      const stuck = await open('r');
      stuck.response.pause();
      const drained = server.openStreams.drain();
      for (let tries = 0; tries < 50 && server.openStreams.count > 0; tries++) await clock.advance(100);
      await drained;
      expect(server.openStreams.count).toBe(0);
    });
  });

  it('ends in good order when the log cannot be read, instead of sending a frame of no protocol', async () => {
    await serve();
    const writer = await server.startRun('r', started());
    const stream = await open('r');
    await stream.until(({ frames }) => frames.length === 1);
    server.log.read = () => Promise.reject(new Error('the log is away'));
    writer.append(delta('x'));
    await stream.ended();
    expect(stream.frames.slice(1)).toEqual([{ id: '1', retry: expect.any(String) }]);
    expect(await server.metrics.expose()).toContain('lomu_streams_closed_total{reason="error"} 1');
  });

  it('counts streams and how they were resumed', async () => {
    await serve();
    const writer = await server.startRun('r', started(), delta('a'));
    const stream = await open('r', { lastEventId: '1' });
    expect(await server.metrics.expose()).toContain('lomu_streams_active 1');
    writer.append(completed());
    await stream.ended();
    await waitFor(() => server.openStreams.count === 0);
    const metrics = await server.metrics.expose();
    expect(metrics).toContain('lomu_stream_resumes_total{result="replay"} 1');
    expect(metrics).toContain('lomu_streams_closed_total{reason="completed"} 1');
    expect(metrics).toContain('lomu_streams_active 0');
  });

  describe('GET /api/chat/stream-check', () => {
    const check = (options = {}): Promise<RawStream> => RawStream.open(server.port, '', { path: '/api/chat/stream-check', ...options });

    it('sends ten frames one by one, each with the time it was sent', async () => {
      await serve();
      const stream = await check();
      for (let index = 1; index <= 10; index++) {
        await stream.until(({ frames }) => frames.length === index);
        expect(JSON.parse(stream.frames.at(-1)?.data ?? '')).toEqual({ index, of: 10, intervalMs: 300, at: new Date(clock.now()).toISOString() });
        await clock.advance(300);
      }
      await stream.ended();
      expect(stream.frames).toHaveLength(10);
    });

    it('does not begin again for an EventSource that comes back', async () => {
      await serve();
      expect((await check({ lastEventId: '10' })).status).toBe(204);
    });

    it('counts as an open stream and ends with the application', async () => {
      await serve({ 'stream.maxPerUser': 1 });
      const stream = await (await check()).until(({ frames }) => frames.length === 1);
      expect((await check()).status).toBe(429);
      await server.close();
      await stream.ended();
      expect(clock.pendingTimers).toBe(0);
    });
  });
});

function heartbeats(stream: RawStream): number {
  return stream.text.split(': heartbeat\n').length - 1;
}

async function waitFor(condition: () => boolean): Promise<void> {
  for (let tries = 0; tries < 400 && !condition(); tries++) await new Promise((resolve) => setTimeout(resolve, 5));
  expect(condition()).toBe(true);
}
