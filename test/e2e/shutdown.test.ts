import { type GeminiEmulator, startGeminiEmulator, turn } from '../support/gemini-emulator/index.js';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { createTestDatabase, type TestDatabase } from '../support/test-database.js';

/** Shutting down keeps its promises to those who are connected (I1). */
describe('a shutdown', () => {
  let gemini: GeminiEmulator;
  let database: TestDatabase;
  let lomu: TestApp;

  beforeAll(async () => {
    gemini = await startGeminiEmulator();
    database = await createTestDatabase();
  });
  afterAll(async () => {
    await gemini.close();
    await database.close();
  });

  const start = async (graceMs: string) => {
    lomu = await startTestApp({ database, environment: { ...gemini.environment, SHUTDOWN_GRACE_MS: graceMs } });
    const { body } = await lomu.client.post('/api/chat/runs', { message: 'Tell me', intent: 'analysis' });
    const stream = lomu.client.events(body.eventsUrl);
    await stream.next((event) => event.type === 'text.delta');
    return { runId: body.runId as string, stream };
  };

  it('lets a run finish within the grace, with its client connected to the end', async () => {
    gemini.script([turn().text('one ').pause(500).text('two')]);
    const { stream } = await start('5000');
    const closed = lomu.close();
    const events = await stream.toTerminal();
    expect(events.at(-1)?.type).toBe('run.completed');
    expect(events.at(-1)?.data.message.text).toBe('one two');
    await closed;
  });

  it('I1, I2: refuses new runs meanwhile, and gives what is left to the next instance, where its client sees the rest', async () => {
    gemini.script([turn().text('this will not ').stall(), turn().text('said again.')]);
    const { runId, stream } = await start('400');
    const closed = lomu.close();
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect((await lomu.client.post('/api/chat/runs', { message: 'One more' })).body).toMatchObject({ status: 503, code: 'draining' });
    const ready = await lomu.client.get('/health/ready');
    expect([ready.status, ready.headers.get('connection')]).toEqual([503, 'close']); // or a proxy would send its next request into the closing connection
    const before = await stream.next((event) => event.type === 'text.discarded');
    stream.close();
    await closed;
    expect(await database.prisma.run.findUniqueOrThrow({ where: { id: runId } })).toMatchObject({ status: 'queued', lastSeq: Number(before.id), takeovers: 0, leaseOwner: null });

    lomu = await startTestApp({ database, environment: gemini.environment });
    const after = await lomu.client.events(`/api/chat/runs/${runId}/events`, { 'last-event-id': before.id }).toTerminal();
    expect(after[0]?.id).toBe(String(Number(before.id) + 1)); // the numbers go on as if nothing had been
    expect(after.some((event) => event.type === 'run.started' || event.type === 'run.snapshot')).toBe(false);
    expect(after.at(-1)).toMatchObject({ type: 'run.completed', data: { message: { text: 'said again.' }, usage: { modelCalls: 2 } } });
    const row = await database.prisma.run.findUniqueOrThrow({ where: { id: runId } });
    expect(await database.prisma.message.findMany({ where: { id: row.assistantMessageId } })).toMatchObject([{ text: 'said again.' }]);
    expect(await database.prisma.creditHold.count({ where: { runId, status: 'held', dispatchedAt: { not: null } } })).toBe(0);
    await lomu.close();
  });
});
