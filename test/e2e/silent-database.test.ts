import { type Proxy, startProxy } from '../support/cuttable-proxy.js';
import { type GeminiEmulator, startGeminiEmulator, turn } from '../support/gemini-emulator/index.js';
import { type ServerProcess, startServerProcess } from '../support/server-process.js';
import { createTestDatabase, postgresqlUrl, type TestDatabase } from '../support/test-database.js';

const TEST_TIMEOUT_MS = 90_000;
const LEASE_MS = 3_000;
/** A statement's time, the silence of its connection beyond that, the grace of runs, kept connections, and a margin for a busy machine. */
const STOPPED_WITHIN_MS = 1_000 + 2_000 + 500 + 6_500 + 10_000;

// The host of the database is gone, and nobody says so: no connection is refused or closed.
(postgresqlUrl ? describe : describe.skip)('a server whose PostgreSQL falls silent (needs TEST_DATABASE_URL)', () => {
  let database: TestDatabase;
  let proxy: Proxy;
  let gemini: GeminiEmulator;
  let server: ServerProcess;

  beforeAll(async () => {
    database = await createTestDatabase();
    proxy = await startProxy(new URL(database.url ?? ''));
    gemini = await startGeminiEmulator();
    server = await startServerProcess({ ...gemini.environment, DATABASE_URL: proxy.url, DATABASE_STATEMENT_TIMEOUT_MS: '1000', SHUTDOWN_GRACE_MS: '500', LIMIT_RUN_LEASE_MS: String(LEASE_MS), LOG_LEVEL: 'fatal' });
  }, TEST_TIMEOUT_MS);
  afterAll(async () => {
    await server.end('SIGKILL');
    await gemini.close();
    await proxy.close();
    await database.close();
  });

  it('says so, ends every request, and serves again', async () => {
    proxy.fallSilent();
    const answers = await Promise.all([server.client.get('/api/chat/conversations'), server.client.post('/api/chat/runs', { message: 'hello' })]);
    expect(answers).toMatchObject(Array(2).fill({ status: 503, body: { code: 'database_unavailable' } }));
    expect(await server.client.get('/health/ready')).toMatchObject({ status: 503, body: { parts: { database: 'down' } } });
    expect((await server.client.get('/health/live')).status).toBe(200);
    proxy.speak();
    while ((await server.client.get('/health/ready')).status !== 200) await new Promise((resolve) => setTimeout(resolve, 100));
    expect((await server.client.get('/api/chat/conversations')).status).toBe(200);
  }, TEST_TIMEOUT_MS);

  it('lets go of a run whose lease it cannot renew, and ends it well later (I1, I3, I7)', async () => {
    gemini.script([turn().pause(200).text('Lost.'), turn().text('Done.')]);
    const { body } = await server.client.post('/api/chat/runs', { message: 'go', intent: 'fix' });
    const stream = server.client.events(body.eventsUrl);
    while (gemini.requests.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    proxy.fallSilent();
    await new Promise((resolve) => setTimeout(resolve, LEASE_MS + 1_000));
    proxy.speak();
    const events = await stream.toTerminal(60_000);
    expect(events.at(-1)).toMatchObject({ type: 'run.completed' });
    expect(events.filter(({ type }) => /^run\.(completed|failed|cancelled)$/.test(type))).toHaveLength(1);
    expect(await database.prisma.run.findUniqueOrThrow({ where: { id: body.runId } })).toMatchObject({ status: 'completed', takeovers: 1 });
  }, TEST_TIMEOUT_MS);

  it('can be stopped meanwhile', async () => {
    proxy.fallSilent();
    const stoppedAtMs = Date.now();
    expect(await server.end('SIGTERM')).toBe(0);
    expect(Date.now() - stoppedAtMs).toBeLessThan(STOPPED_WITHIN_MS);
  }, TEST_TIMEOUT_MS);
});
