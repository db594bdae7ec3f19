import { jest } from '@jest/globals';
import type { ReceivedEvent } from '../../support/event-source-reader.js';
import { startQuietApp } from '../../support/chat/quiet-app.js';
import { type GeminiEmulator, startGeminiEmulator, turn } from '../../support/gemini-emulator/index.js';
import type { HttpAnswer } from '../../support/http-client.js';
import { createTestRedis, redisUrl, type TestRedis } from '../../support/redis/test-redis.js';
import type { TestApp } from '../../support/test-app.js';
import { createTestDatabase, type TestDatabase } from '../../support/test-database.js';

jest.setTimeout(60_000);

const MAX_QUEUED = 10;

interface Started {
  runId: string;
  conversationId: string;
  eventsUrl: string;
  code?: string;
}

/** Two instances over one database and one Redis; without a Redis, the one instance there may be. */
describe('messages that come while others are worked on', () => {
  let gemini: GeminiEmulator;
  let database: TestDatabase;
  let redis: TestRedis | undefined;
  let instances: TestApp[];

  beforeAll(async () => {
    gemini = await startGeminiEmulator();
    database = await createTestDatabase();
    redis = redisUrl ? await createTestRedis() : undefined;
    const environment = {
      ...gemini.environment,
      ...redis?.environment,
      SIGNUP_CREDITS: '1000000',
      LIMIT_CHAT_MAX_CONCURRENT_RUNS_PER_USER: '100',
      LIMIT_CHAT_MAX_CONCURRENT_RUNS_PER_INSTANCE: '1',
      LIMIT_CHAT_MAX_QUEUED: String(MAX_QUEUED),
    };
    instances = [await startQuietApp({ database, environment })];
    if (redis) instances.push(await startQuietApp({ database, environment }));
  });
  afterEach(cancelAll);
  afterAll(async () => {
    for (const instance of instances) await instance.close();
    await redis?.close();
    await database.close();
    await gemini.close();
  });

  /** On one instance and the other in turn. */
  let turns = 0;
  const post = (message: string, options: Record<string, unknown> = {}): Promise<HttpAnswer<Started>> =>
    (instances[turns++ % instances.length] as TestApp).client.post<Started>('/api/chat/runs', { message, intent: 'analysis', ...options });
  const toEnd = (run: Started): Promise<ReceivedEvent[]> => (instances[0] as TestApp).client.events(run.eventsUrl).toTerminal();
  const endOf = async (run: Started): Promise<ReceivedEvent | undefined> => (await toEnd(run)).at(-1);

  /** A model that thinks for ever about messages with "slow" in them, and repeats the others. */
  function repeat(): void {
    gemini.respondWith((call) => {
      const said = call.body.contents.at(-1)?.parts[0]?.text ?? '';
      return said.includes('slow') ? turn().text('thinking').stall() : turn().text(`re: ${said}`);
    });
  }

  async function startSlow(): Promise<Started> {
    repeat();
    const { body } = await post('slow');
    await (instances[0] as TestApp).client.events(body.eventsUrl).next((event) => event.type === 'text.delta');
    return body;
  }

  async function cancelAll(): Promise<void> {
    for (;;) {
      const active = await database.prisma.run.findMany({ where: { finishedAt: null }, select: { id: true } });
      if (active.length === 0) return;
      await Promise.all(active.map(({ id }) => (instances[0] as TestApp).client.post(`/api/chat/runs/${id}/cancel`)));
    }
  }

  /** What has become of the runs of a conversation, once so many have ended and another goes on. */
  async function settled(conversationId: string, ended: number): Promise<(string | null)[]> {
    for (const deadline = Date.now() + 10_000; ; await new Promise((resolve) => setTimeout(resolve, 20))) {
      const rows = await database.prisma.run.findMany({ where: { conversationId } });
      const isSettled = rows.filter(({ finishedAt }) => finishedAt).length === ended && rows.some(({ status }) => status === 'running');
      if (isSettled || Date.now() > deadline) return rows.map(({ status, cancelReason }) => (status === 'cancelled' ? cancelReason : status));
    }
  }

  const askedOf = (): string[] => gemini.requests.map((call) => call.body.contents.at(-1)?.parts[0]?.text ?? '');

  it('"reject": of many at once in a conversation that is idle, exactly one is admitted', async () => {
    repeat();
    const { body: first } = await post('first');
    await toEnd(first);
    const answers = await Promise.all(Array.from({ length: 8 }, () => post('slow', { conversationId: first.conversationId, onBusy: 'reject' })));
    expect(answers.map(({ status }) => status).sort()).toEqual([202, ...Array<number>(7).fill(409)]);
    expect(answers.filter(({ status }) => status === 409).map(({ body }) => body.code)).toEqual(Array<string>(7).fill('conversation_busy'));
  });

  it('"enqueue": they are answered one after the other in the order they came, each with the answers before it', async () => {
    const slow = await startSlow();
    const queued: Started[] = [];
    for (const message of ['one', 'two', 'three', 'four']) queued.push((await post(message, { conversationId: slow.conversationId, onBusy: 'enqueue' })).body);
    await (instances.at(-1) as TestApp).client.post(`/api/chat/runs/${slow.runId}/cancel`);
    const ends = await Promise.all(queued.map(endOf));
    expect(ends.map((end) => end?.data.message.text)).toEqual(['re: one', 're: two', 're: three', 're: four']);
    expect(askedOf().slice(-4)).toEqual(['one', 'two', 'three', 'four']);
    const said = gemini.lastRequest.body.contents.map((content) => content.parts[0]?.text);
    expect(said.slice(-7)).toEqual(['one', 're: one', 'two', 're: two', 'three', 're: three', 'four']);
  });

  it('"interrupt": stops what runs and what waits, and asks the model nothing for the latter', async () => {
    const slow = await startSlow();
    const { body: waiting } = await post('never asked', { conversationId: slow.conversationId, onBusy: 'enqueue' });
    const { body: instead } = await post('instead', { conversationId: slow.conversationId, onBusy: 'interrupt' });
    expect(await endOf(slow)).toMatchObject({ type: 'run.cancelled', data: { reason: 'interrupted', message: { text: 'thinking' } } });
    expect(await endOf(waiting)).toMatchObject({ type: 'run.cancelled', data: { reason: 'interrupted' } });
    expect(await endOf(instead)).toMatchObject({ type: 'run.completed', data: { message: { text: 're: instead' } } });
    expect(askedOf()).not.toContain('never asked');
  });

  it('"interrupt": of many at once exactly one stays', async () => {
    const { conversationId } = await startSlow();
    const answers = await Promise.all(Array.from({ length: 8 }, () => post('slow', { conversationId, onBusy: 'interrupt' })));
    expect(answers.map(({ status }) => status)).toEqual(Array<number>(8).fill(202));
    const statuses = await settled(conversationId, 8);
    expect(statuses.sort()).toEqual([...Array<string>(8).fill('interrupted'), 'running']);
  });

  it(`chat.maxQueued: of 60 at once as many are admitted as there is room for, on all instances together`, async () => {
    repeat();
    // One at work on each instance, so that all others have to wait.
    await Promise.all(instances.map(() => startSlow()));
    const answers = await Promise.all(Array.from({ length: 60 }, () => post('slow too')));
    const admitted = answers.filter(({ status }) => status === 202);
    expect(admitted).toHaveLength(MAX_QUEUED);
    for (const { status, body, headers } of answers.filter((answer) => !admitted.includes(answer))) {
      expect({ status, code: body.code }).toEqual({ status: 503, code: 'queue_full' });
      expect(headers.get('retry-after')).toBe('5');
    }
    expect(await database.prisma.run.count({ where: { status: 'queued' } })).toBe(admitted.length);
  });
});
