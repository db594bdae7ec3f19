import { openPostgresql } from '../../../src/database/index.js';
import { startQuietApp } from '../../support/chat/quiet-app.js';
import { type Proxy, startProxy } from '../../support/cuttable-proxy.js';
import { type GeminiEmulator, startGeminiEmulator, turn } from '../../support/gemini-emulator/index.js';
import type { TestApp } from '../../support/test-app.js';
import { createTestDatabase, poolOf, postgresqlUrl, type TestDatabase } from '../../support/test-database.js';
import { createTestWorkspace, type TestWorkspace } from '../../support/test-workspace.js';

// The database of a run goes away while its model is answering. Needs a PostgreSQL that can be cut off.
(postgresqlUrl ? describe : describe.skip)('a database that goes away in the middle of a run (needs TEST_DATABASE_URL)', () => {
  let gemini: GeminiEmulator;
  let workspace: TestWorkspace;
  let database: TestDatabase;
  let proxy: Proxy;
  let lomu: TestApp;

  beforeAll(async () => {
    gemini = await startGeminiEmulator();
    workspace = await createTestWorkspace({ 'a.ts': 'a' });
    database = await createTestDatabase();
    proxy = await startProxy(new URL(database.url ?? ''));
    const connection = await openPostgresql(proxy.url, poolOf(10));
    lomu = await startQuietApp({ workspace, database: { ...database, connection }, environment: { ...gemini.environment, LIMIT_RETRY_FIRST_DELAY_MS: '500' } });
  });
  afterAll(async () => {
    await lomu.close();
    await gemini.close();
    await workspace.remove();
    await database.close();
    await proxy.close();
  });
  afterEach(() => gemini.reset());

  it('for a moment: the run waits and ends well, nothing is charged twice, and the incident is kept', async () => {
    gemini.script([turn().pause(100).call('read_file', { path: 'a.ts' }).usage({ prompt: 1_000, candidates: 100 }), turn().text('Done.').usage({ prompt: 1_000, candidates: 100 })]);
    const { body: started } = await lomu.client.post('/api/chat/runs', { message: 'Look at a.ts', intent: 'default' });
    const stream = lomu.client.events(started.eventsUrl);
    await stream.next(({ type }) => type === 'iteration.started');
    while (gemini.requests.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    await proxy.refuse();
    await stream.next(({ type, data }) => type === 'failure.detected' && data.pattern === 'database');
    await proxy.accept();
    const events = await stream.toTerminal(20_000);
    expect(events.at(-1)).toMatchObject({ type: 'run.completed', data: { message: { text: 'Done.' } } });
    expect(events.at(-1)?.data.billing.creditsNanoUsd).toBe(String(2 * (1_000 * 750 + 100 * 3_750)));
    expect(await database.prisma.failureIncident.findMany({ where: { runId: started.runId } })).toMatchObject([{ pattern: 'database', outcome: 'recovered' }]);
    expect(await database.prisma.creditHold.count({ where: { status: 'held' } })).toBe(0); // I3
  });

  it('for longer than the run waits: it still ends, in one clear error, as soon as that can be written', async () => {
    gemini.script([turn().pause(100).text('Done.').usage({ prompt: 1_000, candidates: 100 })]);
    expect((await lomu.client.put('/api/limits/retry.maxPerRun', { value: 0, reason: 'test' })).status).toBe(200);
    const { body: started } = await lomu.client.post('/api/chat/runs', { message: 'Look at a.ts', intent: 'default' });
    const stream = lomu.client.events(started.eventsUrl);
    while (gemini.requests.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    await proxy.refuse();
    await stream.next(({ type, data }) => type === 'failure.detected' && data.pattern === 'database');
    await new Promise((resolve) => setTimeout(resolve, 300));
    await proxy.accept();
    const events = await stream.toTerminal(20_000);
    expect(events.at(-1)).toMatchObject({ type: 'run.failed', data: { error: { pattern: 'database', retryable: true } } });
    expect(events.filter(({ type }) => /^run\.(completed|failed|cancelled)$/.test(type))).toHaveLength(1); // I1
  });
});
