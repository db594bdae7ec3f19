import { once } from 'node:events';
import type { Socket } from 'node:net';
import { FakeClock } from '../../support/fake-clock.js';
import { RawStream } from '../../support/streaming/raw-stream.js';
import { completed, delta } from '../../support/streaming/sample-events.js';
import { createStreamingApp, type StreamingApp } from '../../support/streaming/streaming-app.js';

const MAX_PENDING_BYTES = 256 * 1024;
const EVENT_BYTES = 16 * 1024;
/** More than what the kernel and both ends of a loopback connection buffer by themselves. */
const EVENTS = 1_500;

describe('I8: a reader that does not read', () => {
  let server: StreamingApp;

  beforeEach(async () => {
    server = await createStreamingApp({ limits: { 'stream.maxPendingBytes': MAX_PENDING_BYTES } });
  });
  afterEach(() => server.close());

  it('stream.maxPendingBytes: is dropped at it, slows neither the run nor other readers, and can resume', async () => {
    const writer = await server.startRun('big');
    const connection = once(server.app.getHttpServer(), 'connection') as Promise<[Socket]>;
    const lazy = await RawStream.open(server.port, 'big');
    const [socketOfLazy] = await connection;
    const eager = await RawStream.open(server.port, 'big');
    lazy.response.pause();
    let mostBytesHeld = 0;
    const text = 'x'.repeat(EVENT_BYTES);
    let slowestAppendMs = 0;
    for (let n = 0; n < EVENTS; n++) {
      const begun = performance.now();
      writer.append(delta(text));
      slowestAppendMs = Math.max(slowestAppendMs, performance.now() - begun);
      await turn();
      mostBytesHeld = Math.max(mostBytesHeld, socketOfLazy.writableLength);
    }
    expect(slowestAppendMs).toBeLessThan(1_000); // waiting for the reader would take for ever
    // What is written is the reader's own; what waits before that is the log's, shared by all.
    expect(mostBytesHeld).toBeLessThanOrEqual(MAX_PENDING_BYTES);
    await eager.until(({ bytes }) => bytes.length >= EVENTS * EVENT_BYTES, 15_000);
    await waitFor(() => server.openStreams.count === 1);
    expect(await server.metrics.expose()).toContain('lomu_streams_closed_total{reason="slow_reader"} 1');

    lazy.response.resume();
    await lazy.ended();
    expect(lazy.wasCut).toBe(true);
    writer.append(completed());
    const lastEventId = lazy.frames.at(-1)?.id;
    const rest = await (await RawStream.open(server.port, 'big', { lastEventId })).ended();
    expect([...lazy.frames, ...rest.frames].map(({ id }) => Number(id))).toEqual(Array.from({ length: EVENTS + 1 }, (_, index) => index + 1));
  });

  it('may take its time with a replay, however long that is', async () => {
    const writer = await server.startRun('past');
    for (let n = 0; n < EVENTS; n++) writer.append(delta('x'.repeat(EVENT_BYTES)));
    writer.append(completed());
    const stream = await RawStream.open(server.port, 'past');
    for (let pause = 0; pause < 5; pause++) {
      stream.response.pause();
      await new Promise((resolve) => setTimeout(resolve, 50));
      stream.response.resume();
      await turn();
    }
    await stream.ended();
    expect(stream.wasCut).toBe(false);
    expect(stream.frames).toHaveLength(EVENTS + 1);
  });

  it('loses its place by the next rotation when it stops in the middle of a replay', async () => {
    await server.close();
    const clock = new FakeClock();
    server = await createStreamingApp({ clock, limits: { 'stream.maxDurationMs': 60_000 } });
    const connection = once(server.app.getHttpServer(), 'connection') as Promise<[Socket]>;
    const writer = await server.startRun('past');
    for (let n = 0; n < EVENTS; n++) writer.append(delta('x'.repeat(EVENT_BYTES)));
    const stream = await RawStream.open(server.port, 'past');
    stream.response.pause();
    await stuck((await connection)[0]);
    await clock.advance(60_000);
    expect(server.openStreams.count).toBe(1); // it may still take what was on its way
    await clock.advance(5_000);
    await waitFor(() => server.openStreams.count === 0);
  });

  it('is dropped by no event that is bigger than the bound by itself', async () => {
    const writer = await server.startRun('huge');
    const stream = await RawStream.open(server.port, 'huge');
    await stream.until(({ bytes }) => bytes.length > 1);
    writer.append(delta('y'.repeat(8 * MAX_PENDING_BYTES)));
    writer.append(completed());
    await stream.ended();
    expect(stream.wasCut).toBe(false);
    expect(stream.frames.map(({ id }) => id)).toEqual(['1', '2']);
  });
});

/** Resolves when every buffer between here and the reader is full. */
async function stuck(socket: Socket): Promise<void> {
  for (let before = -1; before !== socket.bytesWritten || !socket.writableNeedDrain; ) {
    before = socket.bytesWritten;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

async function waitFor(condition: () => boolean): Promise<void> {
  for (let tries = 0; tries < 1_000 && !condition(); tries++) await new Promise((resolve) => setTimeout(resolve, 5));
  expect(condition()).toBe(true);
}

async function turn(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}
