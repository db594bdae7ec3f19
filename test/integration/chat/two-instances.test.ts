import { RunDispatcher } from '../../../src/chat/index.js';
import { RUN_QUEUE, type RunQueue } from '../../../src/chat/queue/run-queue.port.js';
import { type GeminiEmulator, startGeminiEmulator, turn } from '../../support/gemini-emulator/index.js';
import { createTestRedis, describeWithRedis, type TestRedis } from '../../support/redis/test-redis.js';
import { startTestApp, type TestApp } from '../../support/test-app.js';
import { createTestDatabase, type TestDatabase } from '../../support/test-database.js';

/** Whole applications over one database and one Redis. */
describeWithRedis('two instances', () => {
  let gemini: GeminiEmulator;
  let database: TestDatabase;
  let redis: TestRedis;
  let a: TestApp;
  let b: TestApp;

  beforeAll(async () => {
    gemini = await startGeminiEmulator();
    database = await createTestDatabase();
    redis = await createTestRedis();
    const environment = { ...gemini.environment, ...redis.environment, LIMIT_STREAM_DISCONNECT_GRACE_MS: '500', LIMIT_CHAT_MAX_CONCURRENT_RUNS_PER_INSTANCE: '1' };
    a = await startTestApp({ database, environment });
    b = await startTestApp({ database, environment });
  });
  afterAll(async () => {
    await a.close();
    await b.close();
    await redis.close();
    await database.close();
    await gemini.close();
  });

  const start = async (options: Record<string, unknown> = {}) => (await a.client.post('/api/chat/runs', { message: 'Tell me', intent: 'analysis', ...options })).body as { runId: string; conversationId: string; eventsUrl: string };

  it('I2: a run of one is watched on the other, with the same events', async () => {
    gemini.script([turn().text('one ').pause(100).text('two')]);
    const { eventsUrl } = await start();
    const [here, there] = await Promise.all([a.client.events(eventsUrl).toTerminal(), b.client.events(eventsUrl).toTerminal()]);
    expect(there).toEqual(here);
    expect(there.map((event) => Number(event.id))).toEqual(there.map((_, index) => index + 1));
    expect(there.at(-1)?.data.message.text).toBe('one two');
  });

  it('a stop on one reaches the model call of the other and keeps the partial answer', async () => {
    gemini.script([turn().text('this far ').stall()]);
    const { runId, eventsUrl } = await start();
    const stream = b.client.events(eventsUrl);
    await stream.next((event) => event.type === 'text.delta');
    expect((await b.client.post(`/api/chat/runs/${runId}/cancel`)).status).toBe(202);
    const events = await stream.toTerminal();
    expect(events.at(-1)).toMatchObject({ type: 'run.cancelled', data: { message: { text: 'this far ' } } });
  });

  it('a conversation deleted on one is gone on both, for those who watch it too, and with every key in Redis', async () => {
    gemini.script([turn().text('this far ').stall()]);
    const { runId, eventsUrl } = await start();
    const streams = [a.client.events(eventsUrl), b.client.events(eventsUrl)];
    for (const stream of streams) await stream.next((event) => event.type === 'text.delta');
    const keysOf = () => redis.server.commands.keys(`${redis.keyPrefix}*${runId}*`);
    const keys = await keysOf();
    expect(keys.length).toBeGreaterThanOrEqual(2);
    for (const key of keys) expect(await redis.server.commands.pttl(key)).toBeGreaterThan(0); // whatever happens, it expires
    const { conversationId } = (await a.client.get(`/api/chat/runs/${runId}`)).body;
    expect((await b.client.delete(`/api/chat/conversations/${conversationId}`)).status).toBe(204);
    for (const stream of streams) expect((await stream.toTerminal()).at(-1)).toMatchObject({ type: 'run.cancelled', data: { reason: 'conversation_deleted' } });
    expect(await keysOf()).toEqual([]);
    for (const { client } of [a, b]) expect((await client.get(`/api/chat/runs/${runId}`)).status).toBe(404);
  });

  it('onDisconnect "cancel" waits while the run is watched on the other, and not longer', async () => {
    gemini.script([turn().text('slowly ').pause(2_000).text('on').stall()]);
    const { runId, eventsUrl } = await start({ onDisconnect: 'cancel' });
    const stream = b.client.events(eventsUrl);
    await stream.next((event) => event.type === 'text.delta' && event.data.text === 'on'); // four graces without a viewer on A
    stream.close();
    const events = await awaitEnd(runId);
    expect(events).toMatchObject({ status: 'cancelled', cancelReason: 'disconnected' });
  });

  describe('over one queue, with room for one run on each', () => {
    let busy: { runId: string; conversationId: string; eventsUrl: string }[];

    beforeEach(async () => {
      gemini.respondWith(() => turn().text('at work').stall());
      busy = [await start(), await start()];
      await Promise.all(busy.map(({ eventsUrl }) => a.client.events(eventsUrl).next((event) => event.type === 'text.delta')));
    });
    afterEach(async () => {
      gemini.respondWith(() => turn().text('done'));
      await Promise.all(busy.map(({ runId }) => a.client.post(`/api/chat/runs/${runId}/cancel`)));
      await Promise.all(busy.map(({ runId }) => awaitEnd(runId)));
      await untilNobodyWaits(); // those that came twice have a turn too many left
    });

    it('a run is worked on by whichever has room, and one that comes twice is worked on once (I7)', async () => {
      const rows = await database.prisma.run.findMany({ where: { id: { in: busy.map((run) => run.runId) } } });
      expect(new Set(rows.map((row) => row.leaseOwner)).size).toBe(2);
      const asked = gemini.requests.length;
      for (const { app } of [a, b]) await app.get<RunQueue>(RUN_QUEUE).enqueue(rows.map((row) => ({ runId: row.id, userId: row.userId })));
      gemini.respondWith(() => turn().text('my turn'));
      await end(busy[0]); // each has had its turn again by the time that one has room
      await awaitEnd((await start()).runId);
      expect(gemini.requests).toHaveLength(asked + 1);
      expect(await database.prisma.run.findUniqueOrThrow({ where: { id: busy[1]?.runId } })).toMatchObject({ status: 'running', fencingToken: 1 });
    });

    it('one that waits is told how many are before it on either, and can be cancelled on the other', async () => {
      const first = await start();
      const { body: second } = await b.client.post('/api/chat/runs', { message: 'Tell me', intent: 'analysis' });
      expect(await a.client.events(second.eventsUrl).next((event) => event.type === 'run.queued')).toMatchObject({ data: { position: 1 } });
      expect((await b.client.post(`/api/chat/runs/${first.runId}/cancel`)).status).toBe(202);
      expect((await a.client.events(first.eventsUrl).toTerminal()).map((event) => event.type)).toEqual(['run.queued', 'run.phase', 'run.cancelled']);
      gemini.respondWith(() => turn().text('my turn'));
      await end(busy[0]);
      expect(await awaitEnd(second.runId)).toMatchObject({ status: 'completed' });
    });

    it('those of a conversation keep their order, one at a time, also when Redis has lost them', async () => {
      const { conversationId } = busy[0] ?? {};
      const queued = [];
      for (let n = 0; n < 3; n++) queued.push((await start({ conversationId, onBusy: 'enqueue' })).runId);
      await redis.server.commands.del(...(await redis.server.commands.keys(`${redis.keyPrefix}:queue:*`)), ...(await redis.server.commands.keys(`${redis.keyPrefix}:turns:*`)));
      gemini.respondWith(() => turn().text('my turn'));
      await end(busy[0]);
      await b.app.get(RunDispatcher).refill();
      for (const runId of queued) expect(await awaitEnd(runId)).toMatchObject({ status: 'completed' });
      const rows = await database.prisma.run.findMany({ where: { id: { in: queued } }, orderBy: { startedAt: 'asc' } });
      expect(rows.map((row) => row.id)).toEqual(queued);
      for (const [index, row] of rows.slice(1).entries()) expect(row.startedAt?.getTime()).toBeGreaterThanOrEqual(rows[index]?.finishedAt?.getTime() ?? Infinity);
    });

    const end = async (run?: { runId: string }) => {
      await a.client.post(`/api/chat/runs/${run?.runId}/cancel`);
      await awaitEnd(run?.runId ?? '');
    };
  });

  async function untilNobodyWaits(): Promise<void> {
    for (const deadline = Date.now() + 10_000; (await a.app.get<RunQueue>(RUN_QUEUE).state()).waiting > 0 && Date.now() < deadline; ) await new Promise((resolve) => setTimeout(resolve, 50));
  }

  async function awaitEnd(runId: string) {
    for (const deadline = Date.now() + 10_000; ; await new Promise((resolve) => setTimeout(resolve, 50))) {
      const row = await database.prisma.run.findUniqueOrThrow({ where: { id: runId } });
      if (row.finishedAt || Date.now() > deadline) return row;
    }
  }
});
