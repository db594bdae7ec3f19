import { jest } from '@jest/globals';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type EventSourceReader, shownText } from '../support/event-source-reader.js';
import { type GeminiEmulator, startGeminiEmulator, turn } from '../support/gemini-emulator/index.js';
import { HttpClient } from '../support/http-client.js';
import { createTestRedis, describeWithRedis, type TestRedis } from '../support/redis/test-redis.js';
import { type ServerProcess, startServerProcess } from '../support/server-process.js';
import { startSwitchingProxy, type SwitchingProxy } from '../support/switching-proxy.js';
import { createPostgresqlDatabase, postgresqlUrl, type TestDatabase } from '../support/test-database.js';

jest.setTimeout(120_000);

const RUNS = 10;
const VIEWERS_PER_RUN = 10;
const GRACE_MS = 4_000;

/** Two processes on PostgreSQL and Redis behind one address, as in a rolling deploy. */
(postgresqlUrl ? describeWithRedis : describe.skip)('SIGTERM with 100 open streams', () => {
  let gemini: GeminiEmulator;
  let database: TestDatabase;
  let redis: TestRedis;
  let dataDir: string;
  let proxy: SwitchingProxy;
  const servers: ServerProcess[] = [];
  let viewers: EventSourceReader[] = [];
  let tellDrained = (): void => undefined;
  const drained = new Promise<void>((resolve) => (tellDrained = resolve));

  beforeAll(async () => {
    gemini = await startGeminiEmulator();
    database = await createPostgresqlDatabase(postgresqlUrl as string);
    redis = await createTestRedis();
    dataDir = await mkdtemp(join(tmpdir(), 'lomu-drain-'));
  });
  afterAll(async () => {
    for (const viewer of viewers) viewer.close();
    await proxy.close();
    for (const server of servers) await server.end('SIGKILL');
    await redis.close();
    await database.close();
    await gemini.close();
    await rm(dataDir, { recursive: true, force: true });
  });

  async function boot(name: string): Promise<ServerProcess> {
    const server = await startServerProcess({
      ...gemini.environment,
      ...redis.environment,
      DATABASE_URL: database.url ?? '',
      DATA_DIR: join(dataDir, name),
      WORKSPACES_DIR: join(dataDir, 'workspaces'),
      SHUTDOWN_GRACE_MS: String(GRACE_MS),
      LIMIT_CHAT_MAX_CONCURRENT_RUNS_PER_USER: '100',
      LIMIT_STREAM_MAX_PER_USER: '1000',
    });
    servers.push(server);
    return server;
  }

  /** Runs with an odd number get to their end within the grace; the others hang until another instance asks again. */
  function answerEach(): void {
    const asked = new Set<string>();
    gemini.respondWith((call) => {
      const said = call.body.contents.at(-1)?.parts[0]?.text ?? '';
      const isFirst = !asked.has(said);
      asked.add(said);
      if (!isFirst) return turn().text(`re: ${said}, `).text('said again.');
      const begun = turn().text(`re: ${said}, `);
      return Number(said.split(' ').at(-1)) % 2 ? begun.waitFor(() => drained).text('said once.') : begun.stall();
    });
  }

  it('I1, I2: exits 0, and every client has the full answer, from a second instance, without a gap or a repeat', async () => {
    answerEach();
    const first = await boot('first');
    proxy = await startSwitchingProxy(first.url);
    const client = new HttpClient(proxy.url);
    const runs = await Promise.all(Array.from({ length: RUNS }, (_, n) => client.post('/api/chat/runs', { message: `number ${n}`, intent: 'analysis' })));
    viewers = runs.flatMap(({ body }) => Array.from({ length: VIEWERS_PER_RUN }, () => client.events(body.eventsUrl)));
    await Promise.all(viewers.map((viewer) => viewer.next(({ type }) => type === 'text.delta')));
    expect(/^lomu_streams_active (\d+)$/m.exec((await client.get<string>('/metrics')).body)?.[1]).toBe(String(RUNS * VIEWERS_PER_RUN));
    const second = await boot('second');

    const begunMs = performance.now();
    const exit = first.end('SIGTERM');
    while ((await first.client.get('/health/ready').catch(() => undefined))?.status === 200); // what a load balancer looks at
    proxy.switchTo(second.url);
    tellDrained();
    expect(await exit).toBe(0);
    process.stdout.write(`exited ${Math.round(performance.now() - begunMs)} ms after SIGTERM, of which runs had ${GRACE_MS}\n`);

    const texts = await Promise.all(viewers.map(fullAnswer));
    const handedOver = texts.filter((text) => text.endsWith('said again.')).length;
    expect(texts).toEqual(viewers.map((_, index) => expect.stringMatching(`^re: number ${Math.floor(index / VIEWERS_PER_RUN)}, said (once|again)\\.$`)));
    expect(handedOver).toBeGreaterThanOrEqual((RUNS * VIEWERS_PER_RUN) / 2);
    expect(first.output()).not.toMatch(/"level":"(error|fatal)"/);
    expect(await second.end('SIGTERM')).toBe(0);
  });

  /** @returns what the client shows, once it is known to be what the run says */
  async function fullAnswer(viewer: EventSourceReader): Promise<string> {
    const events = await viewer.toTerminal(60_000);
    expect(events.map(({ id }) => Number(id))).toEqual(events.map((_, index) => index + 1));
    const end = events.at(-1);
    expect(end?.type).toBe('run.completed');
    expect(shownText(events)).toBe(end?.data.message.text);
    return end?.data.message.text as string;
  }
});
