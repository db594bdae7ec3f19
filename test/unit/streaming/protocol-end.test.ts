import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type RunEventWriter, RunStreams, type StreamProtocol, writeEventStream } from '../../../src/streaming/index.js';
import { RawStream } from '../../support/streaming/raw-stream.js';
import { delta } from '../../support/streaming/sample-events.js';
import { createStreamingApp, type StreamingApp } from '../../support/streaming/streaming-app.js';

const LAST_SEQ = 40;

/** Has nothing to say after an event in the middle of the run. */
class ShortProtocol implements StreamProtocol {
  isOver = false;

  frames(events: Parameters<StreamProtocol['frames']>[0]): ReturnType<StreamProtocol['frames']> {
    const told = events.filter(({ event }) => event.seq <= LAST_SEQ);
    this.isOver ||= told.at(-1)?.event.seq === LAST_SEQ;
    return told.map(({ event, json }) => ({ id: String(event.seq), data: json }));
  }

  farewell(): never {
    throw new Error('It has said its last word.');
  }
}

describe('a protocol that is over before the run', () => {
  let server: StreamingApp;
  let other: Server;
  let writer: RunEventWriter;

  beforeEach(async () => {
    server = await createStreamingApp();
    writer = await server.startRun('short');
    const streams = server.app.get(RunStreams);
    other = createServer((_, response) => void streams.open({ runId: 'short', afterSeq: 0, userId: 'alice' }, response, new ShortProtocol()).then((frames) => writeEventStream(response, frames)));
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
  });
  afterEach(async () => {
    await server.close();
    other.close();
  });

  const open = (): Promise<RawStream> => RawStream.open((other.address() as AddressInfo).port, 'short');
  const write = (count: number, text: string): void => Array.from({ length: count }).forEach(() => writer.append(delta(text)));

  it.each([
    ['as it comes', 'x'],
    ['from what its reader was too slow for', 'x'.repeat(64 * 1024)],
  ])('ends its stream in good order when it has told the last event %s', async (_how, text) => {
    const stream = await open();
    stream.response.pause();
    write(LAST_SEQ + 5, text);
    await new Promise(setImmediate);
    stream.response.resume();
    await stream.ended();
    expect(stream.wasCut).toBe(false);
    expect(stream.frames.map(({ id }) => Number(id))).toEqual(Array.from({ length: LAST_SEQ }, (_, index) => index + 1));
    expect(await server.metrics.expose()).toContain('lomu_streams_closed_total{reason="completed"} 1');
  });
});
