import { once } from 'node:events';
import { createTestRedis, describeWithRedis, type TestRedis } from '../../support/redis/test-redis.js';
import { parseFrames, RawStream } from '../../support/streaming/raw-stream.js';
import { recordedRun } from '../../support/streaming/sample-events.js';
import { createStreamingApp, type StreamingApp } from '../../support/streaming/streaming-app.js';

/** What a client has after a cut is what came before it, so most cuts are made on paper and these in fact. */
const REAL_CUT_EVERY_BYTES = 101;

describe('I2: a recorded run in memory', () => cutAnywhere());

describeWithRedis('I2: a recorded run in Redis', () => {
  let redis: TestRedis;
  beforeAll(async () => {
    redis = await createTestRedis();
  });
  afterAll(() => redis.close());
  cutAnywhere(() => redis);
});

function cutAnywhere(redisOf?: () => TestRedis): void {
  let server: StreamingApp;
  const resumed = new Map<string | undefined, Promise<RawStream>>();

  beforeAll(async () => {
    server = await createStreamingApp({ redis: redisOf?.().server });
    await (await server.startRun('recorded', ...recordedRun())).flush();
  });
  afterAll(() => server.close());

  it('cut at every byte and resumed from the last complete frame equals the uncut stream', async () => {
    const uncut = await (await RawStream.open(server.port, 'recorded')).ended();
    expect(uncut.frames).toHaveLength(recordedRun().length);
    expect(uncut.bytes.length).toBeGreaterThan(1_000);
    for (let offset = 0; offset <= uncut.bytes.length; offset++) {
      const bytes = offset % REAL_CUT_EVERY_BYTES === 0 ? await readAndCut(server.port, offset) : uncut.bytes.subarray(0, offset);
      const seen = parseFrames(bytes.toString('utf8'));
      const lastEventId = seen.at(-1)?.id;
      const rest = await resume(lastEventId);
      expect(rest.status).toBe(lastEventId === String(recordedRun().length) ? 204 : 200);
      expect([...seen, ...rest.frames]).toEqual(uncut.frames);
    }
  });

  /** The same for all cuts within one event. */
  function resume(lastEventId: string | undefined): Promise<RawStream> {
    const rest = resumed.get(lastEventId) ?? RawStream.open(server.port, 'recorded', { lastEventId }).then((stream) => stream.ended());
    resumed.set(lastEventId, rest);
    return rest;
  }
}

/** What a client has whose connection breaks after so many bytes. */
async function readAndCut(port: number, offset: number): Promise<Buffer> {
  const stream = await RawStream.open(port, 'recorded');
  while (stream.bytes.length < offset) await once(stream.response, 'data');
  stream.disconnect();
  return stream.bytes.subarray(0, offset);
}
