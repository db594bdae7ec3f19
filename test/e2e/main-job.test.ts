import { startTestApp, type TestApp } from '../support/test-app.js';
import { createTestDatabase, type TestDatabase } from '../support/test-database.js';
import { createTestWorkspace, TODO_PROJECT, type TestWorkspace } from '../support/test-workspace.js';
import { shownText } from '../support/event-source-reader.js';

const QUESTION = 'Find every TODO in this workspace and tell me which file has the most';

describe('the main job, with the offline planner', () => {
  let workspace: TestWorkspace;
  let database: TestDatabase;
  let lomu: TestApp;

  beforeAll(async () => {
    workspace = await createTestWorkspace(TODO_PROJECT);
    database = await createTestDatabase();
    lomu = await startTestApp({ workspace, database });
  });
  afterAll(async () => {
    await lomu.close();
    await database.close();
    await workspace.remove();
  });

  it('answers rightly from real files, streams every step, and charges what it says', async () => {
    const before = (await lomu.client.get('/api/billing/balance')).body;
    const { started, events, terminal } = await lomu.client.run(QUESTION);

    expect(started.intent).toBe('search');
    expect(terminal.type).toBe('run.completed');
    expect(terminal.data.message.text).toContain('src/api.ts');
    expect(terminal.data.message.text).toMatch(/\b6\b/);
    expect(terminal.data.message.text).toMatch(/\b3\b/);

    const types = events.map((event) => event.type);
    expect(types[0]).toBe('run.started');
    expect(types).toEqual(expect.arrayContaining(['iteration.started', 'tool.called', 'tool.succeeded', 'text.delta', 'usage.recorded', 'iteration.completed']));
    // I2: contiguous from 1. I1: one terminal event, the last.
    expect(events.map((event) => Number(event.id))).toEqual(events.map((_, index) => index + 1));
    expect(types.filter((type) => /^run\.(completed|failed|cancelled)$/.test(type))).toHaveLength(1);
    expect(shownText(events)).toBe(terminal.data.message.text);

    // I3: the ledger moves by exactly what the run says.
    const after = (await lomu.client.get('/api/billing/balance')).body;
    expect(BigInt(terminal.data.billing.creditsNanoUsd)).toBeGreaterThan(0n);
    expect(BigInt(before.postedNanoUsd ?? 0) - BigInt(after.postedNanoUsd)).toBe(BigInt(terminal.data.billing.creditsNanoUsd));
    expect(BigInt(after.heldNanoUsd)).toBe(0n);
    const ledger = (await lomu.client.get('/api/billing/ledger?limit=200')).body;
    const posted = ledger.items.reduce((sum: bigint, entry: { amountNanoUsd: string }) => sum + BigInt(entry.amountNanoUsd), 0n);
    expect(posted).toBe(BigInt(after.postedNanoUsd));
  });

  it('is measured', async () => {
    await lomu.client.run('hello');
    const { body } = await lomu.client.get('/api/metrics?hours=1');
    const rows = await database.prisma.run.count();
    expect(body.totalRequests).toBe(rows);
    expect(body.successRate).toBe(1);
    const scrape = await lomu.client.get<string>('/metrics');
    expect(scrape.body).toMatch(new RegExp(`lomu_runs_total\\{[^}]*outcome="completed"[^}]*\\} \\d`));
  });

  it('keeps conversation, run and balance over a restart', async () => {
    const { started, terminal } = await lomu.client.run('List the files');
    const look = async () => ({
      run: { ...(await lomu.client.get(`/api/chat/runs/${started.runId}`)).body, eventsUrl: undefined }, // its ticket is new each time
      messages: (await lomu.client.get(`/api/chat/conversations/${started.conversationId}/messages`)).body,
      balance: (await lomu.client.get('/api/billing/balance')).body,
    });
    const before = await look();
    await lomu.close();
    lomu = await startTestApp({ workspace, database });
    expect(await look()).toEqual(before);
    expect(before.run.status).toBe('completed');
    expect(before.messages.items.map((message: { role: string }) => message.role)).toEqual(['user', 'assistant']);

    // The events themselves were in memory: a late client gets the snapshot and the same end.
    const events = await lomu.client.events(`/api/chat/runs/${started.runId}/events`).toTerminal();
    expect(events.map((event) => event.type)).toEqual(['run.snapshot', 'run.completed']);
    expect(events[0]?.data.message.text).toBe(terminal.data.message.text);
    expect(events[1]?.data.message).toEqual(terminal.data.message);
    expect(events[1]?.id).toBe(terminal.id);
  });

  it('says honestly what the offline planner cannot do, and how to get a real model', async () => {
    const { terminal } = await lomu.client.run('Write me a poem about the sea in the style of Rilke');
    expect(terminal.type).toBe('run.completed');
    expect(terminal.data.message.text).toContain('GEMINI_API_KEY');
  });
});
