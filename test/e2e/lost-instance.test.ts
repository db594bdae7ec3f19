import { jest } from '@jest/globals';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type GeminiEmulator, startGeminiEmulator, turn } from '../support/gemini-emulator/index.js';
import { createTestRedis, redisUrl, type TestRedis } from '../support/redis/test-redis.js';
import { type ServerProcess, startServerProcess } from '../support/server-process.js';
import { createTestDatabase, postgresqlUrl, type TestDatabase } from '../support/test-database.js';

jest.setTimeout(180_000);

/** Shorter than the default of 15 s, to be quicker; with TEST_LEASE_MS=15000 the times printed are those of a deployment. */
const LEASE_MS = process.env.TEST_LEASE_MS ?? '2000';

const describeWithBoth: (name: string, suite: () => void) => void = postgresqlUrl && redisUrl ? describe : (name, suite) => describe.skip(`${name} (skipped: set TEST_DATABASE_URL and TEST_REDIS_URL)`, suite);

describeWithBoth('an instance that is killed', () => {
  let gemini: GeminiEmulator;
  let database: TestDatabase;
  let redis: TestRedis;
  let folder: string;
  const servers: ServerProcess[] = [];

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'lomu-lost-'));
    gemini = await startGeminiEmulator();
    database = await createTestDatabase();
    redis = await createTestRedis();
  });
  afterAll(async () => {
    await Promise.all(servers.map((server) => server.end('SIGKILL')));
    await redis.close();
    await database.close();
    await gemini.close();
    await rm(folder, { recursive: true, force: true });
  });

  it('I1, I2: has its run taken up by another; one that takes run.maxTakeovers and one more with it is ended as instance_crash', async () => {
    gemini.respondWith((_, index) => turn().text(`attempt ${index} `).stall());
    const first = await boot('first');
    const { body } = await first.client.post('/api/chat/runs', { message: 'Tell me', intent: 'analysis' });
    const { runId, eventsUrl } = body as { runId: string; eventsUrl: string };
    const seen = await first.client.events(eventsUrl).next((event) => event.type === 'text.delta');

    const second = await boot('second');
    await first.end('SIGKILL');
    const takenUpSeconds = await secondsUntil(async () => gemini.requests.length === 2);
    const stream = second.client.events(eventsUrl, { 'last-event-id': seen.id });
    const snapshot = await stream.next(() => true);
    expect(snapshot.type).toBe('run.snapshot');
    expect(Number(snapshot.id)).toBeGreaterThan(Number(seen.id));
    stream.close();
    expect(await rowOf(runId)).toMatchObject({ status: 'running', takeovers: 1 });

    const third = await boot('third');
    await second.end('SIGKILL');
    const endedSeconds = await secondsUntil(async () => (await rowOf(runId)).finishedAt !== null);
    expect(await rowOf(runId)).toMatchObject({ status: 'failed', failurePattern: 'instance_crash', takeovers: 1 });
    const events = await third.client.events(eventsUrl, { 'last-event-id': snapshot.id }).toTerminal();
    expect(events.filter((event) => /^run\.(completed|failed|cancelled)$/.test(event.type)).map((event) => event.data.error.pattern)).toEqual(['instance_crash']);
    expect(gemini.requests).toHaveLength(2);
    if (process.env.TEST_LEASE_MS) process.stdout.write(`lease ${LEASE_MS} ms: taken up after ${takenUpSeconds} s, ended after ${endedSeconds} s\n`);
  });

  async function boot(name: string): Promise<ServerProcess> {
    const server = await startServerProcess({
      ...gemini.environment,
      ...redis.environment,
      DATABASE_URL: database.url ?? '',
      DATA_DIR: join(folder, name),
      WORKSPACES_DIR: join(folder, 'workspaces'),
      LIMIT_RUN_LEASE_MS: LEASE_MS,
      LIMIT_RUN_MAX_TAKEOVERS: '1',
    });
    servers.push(server);
    return server;
  }

  function rowOf(runId: string) {
    return database.prisma.run.findUniqueOrThrow({ where: { id: runId } });
  }

  async function secondsUntil(isSo: () => Promise<boolean>): Promise<number> {
    const startedAt = Date.now();
    while (!(await isSo())) {
      if (Date.now() - startedAt > 60_000) throw new Error(`Nothing came of it in a minute: ${servers.map((server) => server.output()).join('\n')}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    return (Date.now() - startedAt) / 1_000;
  }
});
