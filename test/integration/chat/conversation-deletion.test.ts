import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { BillingService, LedgerReconciliation } from '../../../src/billing/index.js';
import { ConversationDeletion, EventLogTrim, RunRemains } from '../../../src/chat/index.js';
import { newId } from '../../../src/common/index.js';
import type { PrismaService } from '../../../src/database/index.js';
import { RUN_EVENT_LOG, type RunEventLog, RunViewers } from '../../../src/streaming/index.js';
import { ToolOutputStore } from '../../../src/tools/index.js';
import { startQuietApp } from '../../support/chat/quiet-app.js';
import { seedRun, seedRunIn, type SeededRun } from '../../support/chat/seed-run.js';
import { findTraces } from '../../support/database/find-traces.js';
import { type GeminiEmulator, startGeminiEmulator, turn } from '../../support/gemini-emulator/index.js';
import type { TestApp } from '../../support/test-app.js';

let gemini: GeminiEmulator;
let lomu: TestApp;
let prisma: PrismaService;
let log: RunEventLog;

beforeAll(async () => {
  gemini = await startGeminiEmulator();
  lomu = await startQuietApp({ environment: { ...gemini.environment, ALLOW_UNPRICED_MODELS: 'true' } });
  ({ prisma } = lomu.database);
  log = lomu.app.get(RUN_EVENT_LOG);
});
afterAll(async () => {
  await lomu.close();
  await gemini.close();
});
beforeEach(() => gemini.reset());

const remove = (conversationId: string) => lomu.client.delete(`/api/chat/conversations/${conversationId}`);
const job = async (name: string) => (await lomu.client.post(`/api/maintenance/jobs/${name}/run`)).body;
const imbalances = () => lomu.app.get(LedgerReconciliation).findImbalances(['local']);

async function createProject(): Promise<{ id: string; folder: string }> {
  const { id } = (await lomu.client.post('/api/projects', { name: newId() })).body;
  const folder = join(lomu.config.workspaces.directory, id);
  await mkdir(folder, { recursive: true });
  return { id, folder };
}

async function textsUnder(directory: string): Promise<string> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return [...files, ...(await Promise.all(files.map((file) => readFile(file, 'utf8'))))].join('\n');
}

/** A run that leaves something everywhere: rows, events, a kept output, copies of files, money, and what was noted about it. */
async function runThatLeavesTraces(word: string) {
  const project = await createProject();
  await writeFile(join(project.folder, 'large.txt'), `${word}-line\n`.repeat(400));
  await writeFile(join(project.folder, 'draft.txt'), `${word} draft`);
  gemini.script([
    turn().text(`${word} is my plan`).call('read_file', { path: 'large.txt' }).call('read_file', { path: 'draft.txt' }),
    turn().call('write_file', { path: 'draft.txt', content: 'final' }),
    turn().text(`${word} is done`),
  ]);
  const started = await lomu.client.post('/api/chat/runs', { message: `${word} please`, intent: 'fix', projectId: project.id }, { 'idempotency-key': `key-${newId()}` });
  const { runId, conversationId } = started.body;
  const terminal = (await lomu.client.events(started.body.eventsUrl).toTerminal()).at(-1);
  expect(terminal?.type).toBe('run.completed');
  const incident = { id: newId(), runId, userId: 'local', iteration: 1, attempt: 1, pattern: 'overloaded', category: 'model', severity: 'low', strategy: 'retry', action: {}, detail: word, outcome: 'recovered' };
  await prisma.failureIncident.create({ data: incident });
  const experiment = { id: newId(), name: newId(), status: 'stopped', trafficSalt: 's', armSalt: 's', trafficBasisPoints: 0, arms: [], createdBy: 'local' };
  await prisma.experiment.create({ data: { ...experiment, exposures: { create: { userId: 'local', arm: 'a', runId } } } });
  return { runId, conversationId, project, experimentId: experiment.id };
}

const amounts = () => prisma.ledgerEntry.findMany({ orderBy: { id: 'asc' }, omit: { runId: true, holdId: true, idempotencyKey: true } });
const usages = () => prisma.usageRecord.findMany({ orderBy: { id: 'asc' }, omit: { runId: true, holdId: true } });

describe('a deleted conversation', () => {
  it('leaves nothing that leads back to it, in no table, log, memory or file; the amounts stay as they were (I3)', async () => {
    const word = `rhubarb${newId().slice(-6)}`;
    const { runId, conversationId, project, experimentId } = await runThatLeavesTraces(word);
    const entry = await prisma.ledgerEntry.findFirstOrThrow({ where: { runId, kind: 'usage' } });
    await lomu.client.post('/api/billing/refunds', { entryId: entry.id, reason: 'as a courtesy' }, { 'idempotency-key': newId() });
    const outputRef = lomu.app.get(ToolOutputStore).keep(project.folder, `${word} `.repeat(1_000)) as string;
    await prisma.toolCall.updateMany({ where: { runId, name: 'write_file' }, data: { outputRef } });
    const messages = await prisma.message.findMany({ where: { conversationId } });
    const history = join(lomu.config.workspaces.directory, '.history', project.id);
    expect(await textsUnder(history)).toContain(word);
    expect(Object.keys(await findTraces(prisma, [runId, conversationId, word])).length).toBeGreaterThanOrEqual(10);
    const before = { amounts: await amounts(), usages: await usages(), account: await prisma.creditAccount.findUnique({ where: { userId: 'local' } }), balance: (await lomu.client.get('/api/billing/balance')).body };

    expect((await remove(conversationId)).status).toBe(204);

    expect(await findTraces(prisma, [runId, conversationId, word, outputRef, ...messages.map(({ id }) => id)])).toEqual({});
    expect({ amounts: await amounts(), usages: await usages(), account: await prisma.creditAccount.findUnique({ where: { userId: 'local' } }), balance: (await lomu.client.get('/api/billing/balance')).body }).toEqual(before);
    expect(await imbalances()).toEqual([]);
    expect(await log.read(runId, 0, 10)).toMatchObject({ state: 'gone', lastSeq: 0 });
    expect(lomu.app.get(ToolOutputStore).find(project.folder, outputRef)).toBeUndefined();
    expect(await textsUnder(history)).not.toMatch(new RegExp(`${runId}|${word} draft`)); // a copy of what the project has now stays
    expect(await prisma.experimentExposure.findFirstOrThrow({ where: { experimentId } })).toMatchObject({ arm: 'a', runId: null });
    expect((await lomu.client.get(`/api/chat/runs/${runId}`)).status).toBe(404);
    expect((await remove(conversationId)).status).toBe(404);
  });

  it('is still told in reports of usage, without its runs', async () => {
    const { runId, conversationId } = await runThatLeavesTraces('report');
    const summary = async () => (await lomu.client.get('/api/billing/usage/summary')).body.items;
    const before = await summary();
    await remove(conversationId);
    expect(await summary()).toEqual(before);
    const { items } = (await lomu.client.get('/api/billing/usage?limit=3')).body;
    expect(items.map((item: { runId: string | null }) => item.runId)).toEqual([null, null, null]);
    const csv = (await lomu.client.get<string>('/api/billing/usage/export?format=csv')).body;
    expect(csv).not.toContain(runId);
  });

  it('keeps the copies of files that another run of the project needs', async () => {
    const first = await runThatLeavesTraces('first');
    gemini.script([turn().call('write_file', { path: 'large.txt', content: 'short' }), turn().text('Done.')]);
    const second = await lomu.client.run('shorten it', { projectId: first.project.id, intent: 'fix' });
    await remove(first.conversationId);
    expect((await lomu.client.post(`/api/chat/runs/${second.started.runId}/undo`)).status).toBe(200);
    expect(await readFile(join(first.project.folder, 'large.txt'), 'utf8')).toBe('first-line\n'.repeat(400));
  });

  it('that a crash left half done outside of the database is cleared by the job, and not before its time', async () => {
    const { runId, conversationId, project } = await runThatLeavesTraces('crashed');
    const remains = lomu.app.get(RunRemains);
    const clear = remains.clear.bind(remains);
    Object.assign(remains, { clear: async () => undefined }); // the process ends here
    await remove(conversationId);
    Object.assign(remains, { clear });
    const record = join(lomu.config.workspaces.directory, '.history', project.id, 'runs', `${runId}.json`);
    expect(await readFile(record, 'utf8')).not.toBe('');
    expect(await job('deleted-runs')).toMatchObject({ rows: 0 });
    await prisma.removal.update({ where: { id: runId }, data: { dueAt: new Date(Date.now() - 1) } });
    expect(await job('deleted-runs')).toMatchObject({ rows: 1, hasMore: false });
    await expect(readFile(record)).rejects.toThrow('ENOENT');
    expect(await prisma.removal.count()).toBe(0);
    expect(await job('deleted-runs')).toMatchObject({ rows: 0 });
  });

  it('leaves young copies of files to the job while another run works on the project', async () => {
    const { runId, conversationId, project } = await runThatLeavesTraces('busy');
    const other = await seedRun(prisma, { status: 'running', projectId: project.id, leaseExpiresAt: new Date(Date.now() + 3_600_000) });
    await remove(conversationId);
    expect(await prisma.removal.count({ where: { id: runId } })).toBe(1);
    expect(await textsUnder(join(lomu.config.workspaces.directory, '.history', project.id))).toContain('busy draft');
    await prisma.run.update({ where: { id: other.id }, data: { status: 'completed', finishedAt: new Date() } });
    await prisma.removal.update({ where: { id: runId }, data: { dueAt: new Date(Date.now() - 1) } });
    expect(await job('deleted-runs')).toMatchObject({ rows: 1 });
    expect(await textsUnder(join(lomu.config.workspaces.directory, '.history', project.id))).not.toContain('busy draft');
  });
});

describe('a conversation in which something goes on', () => {
  it('is deleted after that is stopped, and whoever watches is told', async () => {
    gemini.script([turn().text('this far ').stall()]);
    const { body: first } = await lomu.client.post('/api/chat/runs', { message: 'Tell me', intent: 'analysis' });
    const stream = lomu.client.events(first.eventsUrl);
    await stream.next((event) => event.type === 'text.delta');
    const { body: second } = await lomu.client.post('/api/chat/runs', { message: 'and more', conversationId: first.conversationId, onBusy: 'enqueue' });
    const queued = lomu.client.events(second.eventsUrl);
    expect((await remove(first.conversationId)).status).toBe(204);
    expect((await stream.toTerminal()).at(-1)).toMatchObject({ type: 'run.cancelled', data: { reason: 'conversation_deleted' } });
    expect((await queued.toTerminal()).at(-1)).toMatchObject({ type: 'run.cancelled', data: { reason: 'conversation_deleted' } });
    expect(await findTraces(prisma, [first.runId, second.runId])).toEqual({});
    expect(await imbalances()).toEqual([]);
  });

  it('chat.deleteWaitMs: is refused when that does not stop in time, and deleted when it does', async () => {
    const seed = (): Promise<SeededRun> => seedRun(prisma, { status: 'running', startedAt: new Date(), leaseOwner: 'another', leaseExpiresAt: new Date(Date.now() + 3_600_000) });
    const limit = async (value: number) => expect((await lomu.client.put('/api/limits/chat.deleteWaitMs', { value, reason: 'test' })).status).toBe(200);
    await limit(0);
    const stubborn = await seed();
    expect(await remove(stubborn.conversationId)).toMatchObject({ status: 409, body: { code: 'conversation_busy' } });
    expect(await prisma.run.findUniqueOrThrow({ where: { id: stubborn.id } })).toMatchObject({ status: 'running', cancelReason: 'conversation_deleted' });
    await limit(60_000);
    const removed = remove(stubborn.conversationId);
    await prisma.run.update({ where: { id: stubborn.id }, data: { status: 'cancelled', finishedAt: new Date() } });
    expect((await removed).status).toBe(204);
    const idle = await seed();
    await prisma.run.update({ where: { id: idle.id }, data: { status: 'completed', finishedAt: new Date() } });
    await limit(0);
    expect((await remove(idle.conversationId)).status).toBe(204);
  });

  it('is deleted when those who watch have read how its run ended, and not later than in time for all', async () => {
    const viewers = lomu.app.get(RunViewers);
    const seed = (): Promise<SeededRun> => seedRun(prisma, { status: 'queued' });
    const isGone = async ({ id }: SeededRun) => (await prisma.run.count({ where: { id } })) === 0;
    await lomu.client.put('/api/limits/chat.deleteWaitMs', { value: 60_000, reason: 'test' });
    const watched = await seed();
    const leave = viewers.enter(watched.id);
    const removed = remove(watched.conversationId);
    expect([await Promise.race([removed, sleep(500, 'waits')]), await isGone(watched)]).toEqual(['waits', false]);
    leave();
    expect([(await removed).status, await isGone(watched)]).toEqual([204, true]);

    await lomu.client.put('/api/limits/chat.deleteWaitMs', { value: 300, reason: 'test' });
    const stuck = await seed();
    viewers.enter(stuck.id);
    expect([(await remove(stuck.conversationId)).status, await isGone(stuck)]).toEqual([204, true]);
  });

  it('is deleted once by two who do so at the same time', async () => {
    const { conversationId } = await seedRun(prisma, { status: 'completed', finishedAt: new Date() });
    const deletion = lomu.app.get(ConversationDeletion);
    const outcomes = await Promise.allSettled([deletion.remove('local', conversationId), deletion.remove('local', conversationId)]);
    expect(outcomes.map(({ status }) => status)).toContain('fulfilled');
    for (const outcome of outcomes) if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject({ code: 'conversation_not_found' });
    expect(await prisma.conversation.count({ where: { id: conversationId } })).toBe(0);
  });
});

describe('money of a deleted run (I3)', () => {
  const usage = { inputTokens: 1_000, cachedInputTokens: 0, toolUseInputTokens: 0, outputTokens: 100, reasoningTokens: 0 };
  const call = (runId: string) => ({ holdId: `${runId}:1:1`, userId: 'local', runId, iteration: 1, attempt: 1, intent: 'fix' as const, model: `gemini/${lomu.config.models.gemini?.model}`, usage, isPartial: false, isSystemRetry: false });
  const posted = async () => (await prisma.creditAccount.findUniqueOrThrow({ where: { userId: 'local' } })).postedNanoUsd;

  async function reserve(run: SeededRun, isDispatching: boolean): Promise<void> {
    await lomu.app.get(BillingService).reserve({ userId: 'local', runId: run.id, iteration: 1, attempt: 1, model: call(run.id).model, intent: 'fix', inputTokens: 1_000, maxOutputTokens: 100, minOutputTokens: 1, leaseMs: 600_000, isDispatching });
  }

  it('is not posted again by somebody who settles it late', async () => {
    const run = await seedRun(prisma, { status: 'completed', finishedAt: new Date() });
    await reserve(run, true);
    const billing = lomu.app.get(BillingService);
    const settled = await billing.settle(call(run.id));
    expect(settled.chargedNanoUsd).toBeGreaterThan(0n);
    const before = await posted();
    await remove(run.conversationId);
    expect(await billing.settle(call(run.id))).toMatchObject({ chargedNanoUsd: settled.chargedNanoUsd });
    expect(await posted()).toBe(before);
    expect(await findTraces(prisma, [run.id])).toEqual({});
    expect(await imbalances()).toEqual([]);
  });

  it('that is held for a lost call is freed, and its real usage is posted once when it turns up', async () => {
    const run = await seedRun(prisma, { status: 'failed', finishedAt: new Date() });
    await reserve(run, true);
    const held = async () => (await prisma.creditAccount.findUniqueOrThrow({ where: { userId: 'local' } })).heldNanoUsd;
    expect(await held()).toBeGreaterThan(0n);
    await remove(run.conversationId);
    expect(await held()).toBe(0n);
    const before = await posted();
    const billing = lomu.app.get(BillingService);
    const { chargedNanoUsd } = await billing.settle(call(run.id));
    await billing.settle(call(run.id));
    expect(await posted()).toBe(before - chargedNanoUsd);
    expect(await findTraces(prisma, [run.id])).toEqual({});
    expect(await imbalances()).toEqual([]);
  });

  it('stands in a ledger that refuses every change but that an entry forgets its run', async () => {
    const run = await seedRun(prisma, { status: 'completed', finishedAt: new Date() });
    await reserve(run, true);
    await lomu.app.get(BillingService).settle(call(run.id));
    const { id } = await prisma.ledgerEntry.findFirstOrThrow({ where: { runId: run.id } });
    const update = (assignments: string) => prisma.$executeRawUnsafe(`UPDATE ledger_entries SET ${assignments} WHERE id = '${id}'`);
    const forgetting = `run_id = NULL, hold_id = forgotten_hold_id(hold_id), idempotency_key = 'usage:' || forgotten_hold_id(hold_id)`;
    const others = ['id = gen_random_uuid()', `user_id = 'x'`, `kind = 'grant'`, 'amount_nano_usd = 0', 'balance_nano_usd = 0', 'reverses_entry_id = gen_random_uuid()', `reason = 'x'`, `created_by = 'x'`, 'created_at = now()'];
    for (const other of others) {
      await expect(update(other)).rejects.toThrow('append-only');
      await expect(update(`${forgetting}, ${other}`)).rejects.toThrow('append-only');
    }
    for (const part of ['run_id = NULL', 'run_id = gen_random_uuid()', 'hold_id = NULL', `idempotency_key = 'x'`, `run_id = NULL, hold_id = NULL, idempotency_key = 'x'`]) await expect(update(part)).rejects.toThrow('append-only');
    await expect(prisma.$executeRawUnsafe(`DELETE FROM ledger_entries WHERE id = '${id}'`)).rejects.toThrow('append-only');
    expect(await update(forgetting)).toBe(1);
    await expect(update(forgetting)).rejects.toThrow('append-only'); // once
  });
});

describe('what is not kept for ever', () => {
  it('retention.runDays: runs go after it from a conversation that goes on, its messages and amounts stay', async () => {
    const day = 86_400_000;
    const run = await seedRun(prisma, { status: 'completed', finishedAt: new Date(Date.now() - 90 * day - 60_000) });
    const young = { ...run, id: newId(), assistantMessageId: newId() };
    await seedRunIn(prisma, young, { status: 'completed', finishedAt: new Date(Date.now() - 90 * day + 60_000) });
    expect(await job('metrics-retention')).toMatchObject({ rows: 1, hasMore: false });
    expect((await prisma.run.findMany({ where: { conversationId: run.conversationId } })).map(({ id }) => id)).toEqual([young.id]);
    expect(await prisma.message.findMany({ where: { conversationId: run.conversationId } })).toMatchObject([{ text: 'hello', runId: null }]);
    expect(await findTraces(prisma, [run.id])).toEqual({});
  });

  it('events in memory of runs that are deleted, or have ended elsewhere longer ago than they are kept', async () => {
    const ended = await seedRun(prisma, { status: 'completed', finishedAt: new Date(Date.now() - 601_000) });
    const justEnded = await seedRun(prisma, { status: 'completed', finishedAt: new Date(Date.now() - 599_000) });
    const goesOn = await seedRun(prisma, { status: 'running', leaseExpiresAt: new Date(Date.now() + 3_600_000) });
    const ids = [ended.id, justEnded.id, goesOn.id, newId()] as const;
    for (const id of ids) (await log.openWriter(id, 1, 0)).append({ type: 'run.phase', data: { phase: 'thinking' } });
    const isKept = async (id: string) => (await log.read(id, 0, 1)).state !== 'gone';
    const trim = lomu.app.get(EventLogTrim);
    let rows = 0;
    for (let hasMore = true; hasMore; ) {
      const batch = await trim.trim(1); // as small as it gets
      rows += batch.rows;
      hasMore = batch.hasMore;
    }
    expect(await Promise.all(ids.map(isKept))).toEqual([false, true, true, false]);
    expect(rows).toBe(2);
    expect(await job('event-log-trim')).toMatchObject({ outcome: 'completed', rows: 0 });
    await prisma.run.update({ where: { id: goesOn.id }, data: { status: 'completed', finishedAt: new Date() } });
  });
});
