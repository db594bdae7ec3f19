import { jest } from '@jest/globals';
import { EMPTY_SNAPSHOT } from '../../../src/streaming/index.js';
import { RawStream } from '../../support/streaming/raw-stream.js';
import { completed, delta, failed, recordedRun, started } from '../../support/streaming/sample-events.js';
import { createStreamingApp, type StreamingApp } from '../../support/streaming/streaming-app.js';

describe('GET /api/chat/runs/:runId/events, in an application of somebody else', () => {
  let server: StreamingApp;
  const open = (runId: string, options = {}): Promise<RawStream> => RawStream.open(server.port, runId, options);

  beforeAll(async () => {
    server = await createStreamingApp();
  });
  afterAll(() => server.close());

  describe('what it sends', () => {
    it('is every event as id, event and data, until the terminal one', async () => {
      await server.startRun('whole', ...recordedRun());
      const stream = await (await open('whole')).ended();
      expect(stream.wasCut).toBe(false);
      expect(stream.frames.map(({ id, event }) => [id, event])).toEqual(recordedRun().map(({ type }, index) => [String(index + 1), type]));
      stream.frames.forEach(({ data }, index) => {
        expect(JSON.parse(data ?? '')).toEqual({ runId: 'whole', seq: index + 1, at: expect.stringMatching(/^\d{4}-.*Z$/), ...recordedRun()[index]?.data });
      });
    });

    it('comes as it happens', async () => {
      const writer = await server.startRun('live');
      const stream = await open('live');
      for (const text of ['a', 'b', 'c']) {
        writer.append(delta(text));
        await stream.until(({ frames }) => frames.at(-1)?.data?.includes(`"${text}"`) ?? false);
      }
      writer.append(completed());
      await stream.ended();
      expect(stream.frames.map(({ id }) => id)).toEqual(['1', '2', '3', '4']);
    });

    it('has headers against every layer that buffers, and a first byte before anything happens', async () => {
      await server.startRun('silent');
      const stream = await (await open('silent')).until(({ bytes }) => bytes.length > 0);
      expect(stream.response.headers).toMatchObject({
        'content-type': 'text/event-stream',
        'cache-control': expect.stringMatching(/no-store.*no-transform/),
        'x-accel-buffering': 'no',
        'x-content-type-options': 'nosniff',
      });
      expect(stream.response.headers['content-encoding']).toBeUndefined();
      expect(stream.frames).toEqual([]);
      stream.disconnect();
      await waitFor(() => server.openStreams.count === 0);
    });

    it('is the same for 200 viewers, and serialised once', async () => {
      server.limits.change({ 'stream.maxPerUser': 200 });
      const writer = await server.startRun('shared');
      const viewers = await Promise.all(Array.from({ length: 200 }, () => open('shared')));
      await Promise.all(viewers.map((viewer) => viewer.until(({ bytes }) => bytes.length > 1)));
      const stringify = jest.spyOn(JSON, 'stringify');
      try {
        for (let n = 0; n < 50; n++) writer.append(delta(`${n} `));
        writer.append(completed());
        await Promise.all(viewers.map((viewer) => viewer.ended()));
        expect(stringify).toHaveBeenCalledTimes(51);
      } finally {
        stringify.mockRestore();
      }
      expect(new Set(viewers.map(({ frames }) => JSON.stringify(frames))).size).toBe(1);
      expect(viewers[0]?.frames).toHaveLength(51);
    });

    it('answers HEAD with the headers alone and keeps nothing open', async () => {
      await server.startRun('head');
      const response = await fetch(`http://127.0.0.1:${server.port}/api/chat/runs/head/events`, { method: 'HEAD' });
      expect(response.status).toBe(200);
      expect(await response.text()).toBe('');
      await waitFor(() => server.openStreams.count === 0);
    });

    it('does not end the run when its viewer leaves', async () => {
      const writer = await server.startRun('left');
      const first = await open('left');
      writer.append(started());
      await first.until(({ frames }) => frames.length === 1);
      first.disconnect();
      await waitFor(() => server.openStreams.count === 0);
      writer.append(delta('still here'));
      writer.append(completed());
      const second = await (await open('left', { lastEventId: '1' })).ended();
      expect(second.frames.map(({ id, event }) => [id, event])).toEqual([['2', 'text.delta'], ['3', 'run.completed']]);
    });
  });

  describe('resuming', () => {
    beforeAll(() => server.startRun('ended', started(), delta('a'), delta('b'), completed('ab')));

    it.each([
      ['after=2', { after: 2 }, ['3', '4']],
      ['Last-Event-ID: 3', { lastEventId: '3' }, ['4']],
      ['both, where the header is the newer', { after: 1, lastEventId: '3' }, ['4']],
      ['after=0', { after: 0 }, ['1', '2', '3', '4']],
    ])('goes on with %s', async (_, options, ids) => {
      const stream = await (await open('ended', options)).ended();
      expect(stream.frames.map(({ id }) => id)).toEqual(ids);
    });

    it.each([{ after: 4 }, { lastEventId: '4' }, { after: 9 }])('answers 204 when there is nothing more: %j', async (options) => {
      const stream = await (await open('ended', options)).ended();
      expect(stream.status).toBe(204);
      expect(stream.bytes).toHaveLength(0);
    });

    it.each([{ after: -1 }, { after: 'abc' }, { after: '1.5' }, { after: '' }, { after: '1&after=2' }, { lastEventId: 'abc' }, { lastEventId: '9'.repeat(20) }])(
      'answers 422 to a cursor that is none: %j',
      async (options) => {
        const stream = await open('ended', options);
        expect(stream.status).toBe(422);
        expect(await stream.problem()).toMatchObject({ code: 'validation_failed', errors: [{ field: expect.stringMatching(/^(after|Last-Event-ID)$/) }] });
      },
    );
  });

  describe('I2: when the events are no longer kept', () => {
    const record = { snapshot: { ...EMPTY_SNAPSHOT, status: 'failed', message: { id: 'm', text: 'so far' } }, lastSeq: 30, terminal: failed(), at: 0 };

    it('sends the run so far and its terminal event with the right numbers', async () => {
      server.directory.add('forgotten', 'alice', record);
      const stream = await (await open('forgotten', { after: 7 })).ended();
      expect(stream.frames.map(({ id, event }) => [id, event])).toEqual([['29', 'run.snapshot'], ['30', 'run.failed']]);
      expect(JSON.parse(stream.frames[0]?.data ?? '')).toMatchObject({ seq: 29, message: { text: 'so far' } });
    });

    it('answers 204 to whoever has its terminal event', async () => {
      server.directory.add('forgotten', 'alice', record);
      expect((await open('forgotten', { after: 30 })).status).toBe(204);
    });

    it('sends a snapshot and the tail of a run that is longer than its bound', async () => {
      server.limits.change({ 'stream.maxEventsPerRun': 100 });
      const writer = await server.startRun('long', started());
      for (let n = 0; n < 299; n++) writer.append(delta(`${n} `));
      writer.append(completed());
      const { frames } = await (await open('long', { after: 10 })).ended();
      expect(frames[0]?.event).toBe('run.snapshot');
      expect(frames.slice(1).map(({ id }) => Number(id))).toEqual(Array.from({ length: frames.length - 1 }, (_, index) => Number(frames[0]?.id) + 1 + index));
      expect(frames.at(-1)).toMatchObject({ id: '301', event: 'run.completed' });
    });
  });

  describe('whom it refuses', () => {
    it.each([['of somebody else', 'ended', 'bob'], ['that does not exist', 'nothing', 'alice']])('answers 404 for a run %s', async (_, runId, user) => {
      const stream = await open(runId, { user });
      expect(stream.status).toBe(404);
      expect(stream.response.headers['content-type']).toContain('application/problem+json');
      expect(await stream.problem()).toMatchObject({ code: 'run_not_found', status: 404 });
    });
  });
});

async function waitFor(condition: () => boolean): Promise<void> {
  for (let tries = 0; tries < 200 && !condition(); tries++) await new Promise((resolve) => setTimeout(resolve, 5));
  expect(condition()).toBe(true);
}
