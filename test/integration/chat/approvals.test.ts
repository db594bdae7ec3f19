import { newId } from '../../../src/common/index.js';
import type { PrismaService } from '../../../src/database/index.js';
import { startQuietApp } from '../../support/chat/quiet-app.js';
import type { EventSourceReader } from '../../support/event-source-reader.js';
import { type GeminiEmulator, startGeminiEmulator, turn } from '../../support/gemini-emulator/index.js';
import type { TestApp } from '../../support/test-app.js';

let gemini: GeminiEmulator;
let lomu: TestApp;
let prisma: PrismaService;
let projectId: string;

beforeAll(async () => {
  gemini = await startGeminiEmulator();
  lomu = await startQuietApp({ environment: { ...gemini.environment, LIMIT_APPROVAL_TIMEOUT_MS: '60000', LIMIT_WORKSPACE_MAX_PROJECTS_PER_USER: '100' } });
  ({ prisma } = lomu.database);
});
afterAll(async () => {
  await lomu.close();
  await gemini.close();
});
beforeEach(async () => {
  gemini.reset();
  projectId = (await lomu.client.post('/api/projects', { name: newId() })).body.id;
  await setPolicy([{ tool: 'write_file', decision: 'ask' }]);
});

const setPolicy = async (rules: unknown[]): Promise<void> => {
  expect((await lomu.client.put(`/api/projects/${projectId}/tool-policy`, { rules })).status).toBe(200);
};
const writing = (path: string): [string, object] => ['write_file', { path, content: path }];

interface Waiting {
  readonly runId: string;
  readonly conversationId: string;
  readonly callIds: string[];
  readonly events: EventSourceReader;
}

/** A run that waits for as many answers as its calls ask for. */
async function startWaiting(count = 1): Promise<Waiting> {
  const { body } = await lomu.client.post('/api/chat/runs', { message: 'write it', projectId, intent: 'fix' });
  const events = lomu.client.events(body.eventsUrl);
  const asked = () => events.received.filter((event) => event.type === 'tool.approval_requested');
  await events.next(() => asked().length >= count);
  return { runId: body.runId, conversationId: body.conversationId, callIds: asked().map((event) => event.data.callId), events };
}

const answer = (runId: string, callId: string, body: unknown) => lomu.client.post(`/api/chat/runs/${runId}/approvals/${callId}`, body);
const runOf = async (runId: string) => (await lomu.client.get(`/api/chat/runs/${runId}`)).body;

describe('a tool call that asks for an approval', () => {
  it('lets the work before and after it count against run.timeoutMs, and the wait not', async () => {
    const timeoutMs = 60_000;
    await lomu.client.put('/api/limits/run.timeoutMs.fix', { value: timeoutMs, reason: 'test' });
    gemini.script([turn().pause(400).call(...writing('a.txt')), turn().text('Almost').stall()]);
    const startedAtMs = Date.now();
    const { runId, callIds, events } = await startWaiting();
    const { workedMs } = await prisma.run.findUniqueOrThrow({ where: { id: runId } });
    expect(workedMs).toBeGreaterThanOrEqual(399); // timers may be a fraction early
    expect(workedMs).toBeLessThanOrEqual(Date.now() - startedAtMs);

    await prisma.run.update({ where: { id: runId }, data: { workedMs: timeoutMs - 500 } });
    await answer(runId, callIds[0] as string, { approved: true });
    expect((await events.toTerminal()).at(-1)).toMatchObject({ type: 'run.failed', data: { error: { code: 'run_timeout', message: expect.stringContaining(`${timeoutMs} ms`) } } });
    await lomu.client.delete('/api/limits/run.timeoutMs.fix');
  });

  it('pauses the run without a worker, says until when, and runs once it is approved', async () => {
    gemini.script([turn().text('I will write. ').call(...writing('a.txt')), turn().text('Written.')]);
    const before = Date.now();
    const { runId, callIds, events } = await startWaiting();
    const requested = events.received.find((event) => event.type === 'tool.approval_requested')?.data;
    expect(requested).toMatchObject({ runId, callId: callIds[0], name: 'write_file', input: { path: 'a.txt', content: 'a.txt' } });
    expect(Date.parse(requested.expiresAt) - before).toBeGreaterThanOrEqual(60_000);
    expect(Date.parse(requested.expiresAt) - before).toBeLessThan(90_000);
    expect(await runOf(runId)).toMatchObject({ status: 'waiting', approvals: [{ callId: callIds[0], name: 'write_file', expiresAt: requested.expiresAt }] });
    expect(await prisma.run.findUniqueOrThrow({ where: { id: runId } })).toMatchObject({ leaseOwner: null, leaseExpiresAt: null });
    expect(gemini.requests).toHaveLength(1);

    expect(await answer(runId, callIds[0] as string, { approved: true })).toMatchObject({ status: 200, body: { runId, callId: callIds[0], approved: true, status: 'queued' } });
    const all = await events.toTerminal();
    expect(all.at(-1)).toMatchObject({ type: 'run.completed', data: { message: { text: 'I will write. \n\nWritten.' }, usage: { modelCalls: 2, toolCalls: 1 } } });
    expect(all.map((event) => Number(event.id))).toEqual(all.map((_, index) => index + 1)); // I2
    expect(all.filter((event) => event.type === 'tool.succeeded')).toHaveLength(1);
    expect(gemini.requests[1]?.body.contents.at(-1)?.parts[0]?.functionResponse?.response).toMatchObject({ output: expect.stringContaining('Created a.txt') });
    expect((await runOf(runId)).approvals).toEqual([]);
  });

  it('is not run when it is refused, and the model is told why', async () => {
    gemini.script([turn().call(...writing('a.txt')), turn().text('Then not.')]);
    const { runId, callIds, events } = await startWaiting();
    await answer(runId, callIds[0] as string, { approved: false, reason: 'wrong folder' });
    const all = await events.toTerminal();
    expect(all.find((event) => event.type === 'tool.failed')?.data.error).toMatchObject({ code: 'denied', message: expect.stringContaining('wrong folder') });
    expect(all.at(-1)?.data.message.text).toBe('Then not.');
    expect(JSON.stringify(gemini.requests[1]?.body.contents.at(-1))).toContain('wrong folder');
  });

  it('waits for all answers before any call of the answer runs, so that changes keep their order', async () => {
    await setPolicy([{ tool: 'write_file', input: { path: 'ask/*' }, decision: 'ask' }]);
    gemini.script([turn().call(...writing('free.txt')).call(...writing('ask/1.txt')).call(...writing('ask/2.txt')), turn().text('Done.')]);
    const { runId, callIds, events } = await startWaiting(2);
    expect(events.received.some((event) => event.type === 'tool.called')).toBe(false);
    expect((await answer(runId, callIds[1] as string, { approved: true })).body.status).toBe('waiting');
    expect((await answer(runId, callIds[0] as string, { approved: false })).body.status).toBe('queued');
    const all = await events.toTerminal();
    expect(all.filter((event) => /^tool\.(succeeded|failed)/.test(event.type)).map((event) => event.type)).toEqual(['tool.succeeded', 'tool.failed', 'tool.succeeded']);
  });
});

describe('answers', () => {
  it('are idempotent, cannot be turned around, and are nobody else\'s business', async () => {
    gemini.script([turn().call(...writing('a.txt')), turn().text('Done.')]);
    const { runId, callIds, events } = await startWaiting();
    const callId = callIds[0] as string;
    expect(await answer(newId(), callId, { approved: true })).toMatchObject({ status: 404, body: { code: 'run_not_found' } });
    expect(await answer(runId, 'no-such-call', { approved: true })).toMatchObject({ status: 404, body: { code: 'approval_not_found' } });
    expect(await answer(runId, '%00', { approved: true })).toMatchObject({ status: 422 });
    expect(await answer(runId, callId, { approved: 'yes' })).toMatchObject({ status: 422, body: { code: 'validation_failed' } });
    await prisma.run.update({ where: { id: runId }, data: { userId: 'somebody' } });
    expect(await answer(runId, callId, { approved: true })).toMatchObject({ status: 404, body: { code: 'run_not_found' } });
    await prisma.run.update({ where: { id: runId }, data: { userId: 'local' } });

    const answers = await Promise.all([1, 2, 3, 4].map(() => answer(runId, callId, { approved: true })));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
    expect(await answer(runId, callId, { approved: false })).toMatchObject({ status: 409, body: { code: 'approval_answered' } });
    const all = await events.toTerminal();
    expect(all.filter((event) => event.type === 'tool.succeeded')).toHaveLength(1); // I4
    expect(await answer(runId, callId, { approved: true })).toMatchObject({ status: 200, body: { status: 'completed' } });
  });

  it('of two that differ at the same time exactly one counts', async () => {
    gemini.script([turn().call(...writing('a.txt')), turn().text('Done.')]);
    const { runId, callIds, events } = await startWaiting();
    const answers = await Promise.all([true, false].map((approved) => answer(runId, callIds[0] as string, { approved })));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 409]);
    const isApproved = answers[0]?.status === 200;
    expect((await events.toTerminal()).filter((event) => event.type === 'tool.succeeded')).toHaveLength(isApproved ? 1 : 0);
  });

  it('approval.timeoutMs: before it a yes is a yes; after it the answer is no, by the job or at the first look', async () => {
    gemini.script([turn().call(...writing('a.txt')), turn().text('Nobody was there.')]);
    const { runId, callIds, events } = await startWaiting();
    const expireAt = (offsetMs: number) => prisma.toolCall.updateMany({ where: { runId }, data: { expiresAt: new Date(Date.now() + offsetMs) } });
    await expireAt(60_000);
    expect((await lomu.client.post('/api/maintenance/jobs/expired-approvals/run')).body).toMatchObject({ outcome: 'completed', rows: 0 });
    expect((await runOf(runId)).status).toBe('waiting');
    await expireAt(-1);
    expect((await lomu.client.post('/api/maintenance/jobs/expired-approvals/run')).body).toMatchObject({ outcome: 'completed', rows: 1 });
    expect((await events.toTerminal()).find((event) => event.type === 'tool.failed')?.data.error).toMatchObject({ code: 'denied', message: expect.stringContaining('nobody approved') });
    expect(await answer(runId, callIds[0] as string, { approved: true })).toMatchObject({ status: 409, body: { detail: expect.stringContaining('in time') } });

    gemini.script([turn().call(...writing('b.txt')), turn().text('Too late.')]);
    const late = await startWaiting();
    await prisma.toolCall.updateMany({ where: { runId: late.runId }, data: { expiresAt: new Date(Date.now() - 1) } });
    expect(await answer(late.runId, late.callIds[0] as string, { approved: true })).toMatchObject({ status: 409, body: { code: 'approval_answered' } });
    expect((await late.events.toTerminal()).at(-1)?.data.message.text).toBe('Too late.');
  });
});

describe('a paused run', () => {
  it('can be cancelled, with no event missing, and takes no answer afterwards', async () => {
    gemini.script([turn().text('Shall I?').call(...writing('a.txt'))]);
    const { runId, callIds, events } = await startWaiting();
    expect((await lomu.client.post(`/api/chat/runs/${runId}/cancel`)).body.status).toBe('cancelled');
    const all = await events.toTerminal();
    expect(all.at(-1)).toMatchObject({ type: 'run.cancelled', data: { message: { text: 'Shall I?' } } });
    expect(all.map((event) => Number(event.id))).toEqual(all.map((_, index) => index + 1)); // I2
    expect(await answer(runId, callIds[0] as string, { approved: true })).toMatchObject({ status: 409, body: { code: 'invalid_state' } });
  });

  it('keeps its conversation busy and its turn', async () => {
    gemini.script([turn().call(...writing('a.txt')), turn().text('First.'), turn().text('Second.')]);
    const { runId, conversationId, callIds, events } = await startWaiting();
    expect(await lomu.client.post('/api/chat/runs', { message: 'more', conversationId })).toMatchObject({ status: 409, body: { code: 'conversation_busy' } });
    const next = await lomu.client.post('/api/chat/runs', { message: 'more', conversationId, onBusy: 'enqueue' });
    await answer(runId, callIds[0] as string, { approved: true });
    expect((await events.toTerminal()).at(-1)?.data.message.text).toBe('First.');
    expect((await lomu.client.events(next.body.eventsUrl).toTerminal()).at(-1)?.data.message.text).toBe('Second.');
  });
});

describe('a policy', () => {
  it('that denies refuses the call and lets the run go on', async () => {
    await setPolicy([{ tool: '*', decision: 'deny' }]);
    gemini.script([turn().call(...writing('a.txt')), turn().text('I may not.')]);
    const { events, terminal } = await lomu.client.run('write', { projectId });
    expect(events.find((event) => event.type === 'tool.failed')?.data.error).toMatchObject({ code: 'denied', message: expect.stringContaining('policy') });
    expect(terminal.data.message.text).toBe('I may not.');
  });

  it('is read, checked and kept from others', async () => {
    const path = `/api/projects/${projectId}/tool-policy`;
    expect((await lomu.client.get(path)).body).toEqual({ rules: [{ tool: 'write_file', decision: 'ask' }] });
    expect(await lomu.client.put(path, { rules: [{ tool: 'write_file', decision: 'maybe' }] })).toMatchObject({ status: 422 });
    expect(await lomu.client.get(`/api/projects/${newId()}/tool-policy`)).toMatchObject({ status: 404, body: { code: 'project_not_found' } });
    await prisma.project.update({ where: { id: projectId }, data: { userId: 'somebody' } });
    expect(await lomu.client.put(path, { rules: [] })).toMatchObject({ status: 404, body: { code: 'project_not_found' } });
  });
});
