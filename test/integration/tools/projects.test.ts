import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { newId } from '../../../src/common/index.js';
import { RunMemory, ToolRegistry, ToolRunner, type ToolRunContext, WorkspaceCleanup, WorkspaceService } from '../../../src/tools/index.js';
import { createProjectsApp, type ProjectsApp } from '../../support/tools/projects-app.js';

let host: ProjectsApp;
let ownFolder: string;
let workspaces: WorkspaceService;

beforeAll(async () => {
  ownFolder = await mkdtemp(join(tmpdir(), 'lomu-own-folder-'));
  await writeFile(join(ownFolder, 'precious.txt'), 'precious');
  host = await createProjectsApp({ DEFAULT_WORKSPACE: ownFolder, SANDBOX: 'off' }, { 'workspace.maxProjectsPerUser': 3 });
  workspaces = host.app.get(WorkspaceService);
});

afterAll(async () => {
  await host.close();
  await rm(ownFolder, { recursive: true, force: true });
});

const folderOf = (projectId: string): string => join(host.workspacesDirectory, projectId);
const signal = new AbortController().signal;

describe('POST /api/projects', () => {
  it('creates an empty project that its owner lists and tools work in', async () => {
    const created = await host.as('ann').post('/api/projects', { name: '  My project ' });
    expect(created).toMatchObject({ status: 201, body: { name: 'My project', managed: true, createdAt: expect.stringMatching(/Z$/) } });
    const listed = await host.as('ann').get('/api/projects');
    expect(listed.body).toEqual({ items: [created.body], nextCursor: null });
    const { workspace } = await workspaces.forProject('ann', created.body.id);
    await workspace.writeText('a/b.txt', 'hello', { maxBytes: 100, signal });
    expect(await readdir(folderOf(created.body.id))).toEqual(['a']);
  });

  it.each([{}, { name: '' }, { name: 'x'.repeat(101) }, { name: 'a\nb' }, { name: 'a', colour: 'red' }, { name: 'a', source: {} }])('refuses %j and creates nothing', async (body) => {
    const answer = await host.as('bob').post('/api/projects', body);
    expect(answer).toMatchObject({ status: 422, body: { code: 'validation_failed' } });
    expect((await host.as('bob').get('/api/projects')).body.items).toEqual([]);
  });

  it('refuses a name that the user has, but not one that somebody else has', async () => {
    await host.as('cid').post('/api/projects', { name: 'same' });
    expect(await host.as('cid').post('/api/projects', { name: 'same' })).toMatchObject({ status: 409, body: { code: 'already_exists' } });
    expect((await host.as('dan').post('/api/projects', { name: 'same' })).status).toBe(201);
  });

  it('workspace.maxProjectsPerUser: that many are made and no more, also at the same time', async () => {
    const answers = await Promise.all(Array.from({ length: 8 }, (_, index) => host.as('eve').post('/api/projects', { name: `p${index}` })));
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 201, 201, 429, 429, 429, 429, 429]);
  });

  it('gives the same answer to the same Idempotency-Key, also at the same time and at the limit', async () => {
    for (const name of ['one', 'two']) await host.as('fay').post('/api/projects', { name });
    const answers = await Promise.all([1, 2, 3].map(() => host.as('fay').post('/api/projects', { name: 'three' }, { 'idempotency-key': 'k1' })));
    expect(answers.map(({ status }) => status)).toEqual([201, 201, 201]);
    expect(new Set(answers.map(({ body }) => body.id)).size).toBe(1);
    expect(await host.as('fay').post('/api/projects', { name: 'other' }, { 'idempotency-key': 'k1' })).toMatchObject({ status: 409, body: { code: 'idempotency_mismatch' } });
  });

  it('comes in pages, the newest first', async () => {
    for (const name of ['a', 'b', 'c']) await host.as('gus').post('/api/projects', { name });
    const first = await host.as('gus').get('/api/projects?limit=2');
    const second = await host.as('gus').get(`/api/projects?limit=2&cursor=${first.body.nextCursor}`);
    expect([...first.body.items, ...second.body.items].map(({ name }: { name: string }) => name)).toEqual(['c', 'b', 'a']);
    expect(second.body.nextCursor).toBeNull();
  });
});

describe('DELETE /api/projects/:id', () => {
  it('removes the project and the folder that Lomu made', async () => {
    const { body } = await host.as('hal').post('/api/projects', { name: 'short-lived' });
    await workspaces.forProject('hal', body.id);
    expect(existsSync(folderOf(body.id))).toBe(true);
    expect((await host.as('hal').delete(`/api/projects/${body.id}`)).status).toBe(204);
    expect(existsSync(folderOf(body.id))).toBe(false);
    expect(await host.as('hal').delete(`/api/projects/${body.id}`)).toMatchObject({ status: 404, body: { code: 'project_not_found' } });
  });

  it('answers 404 for the project of somebody else, which stays', async () => {
    const { body } = await host.as('ida').post('/api/projects', { name: 'mine' });
    expect((await host.as('jon').delete(`/api/projects/${body.id}`)).status).toBe(404);
    expect((await host.as('jon').delete('/api/projects/not-an-id')).status).toBe(404);
    await expect(workspaces.forProject('jon', body.id)).rejects.toMatchObject({ code: 'project_not_found' });
    expect((await host.as('ida').get('/api/projects')).body.items).toHaveLength(1);
  });

  it('never removes a folder that Lomu did not make', async () => {
    const { projectId } = await workspaces.forProject('kim', null, 'admin');
    expect((await host.as('kim').delete(`/api/projects/${projectId}`)).status).toBe(204);
    expect(await readdir(ownFolder)).toEqual(['precious.txt']);
  });

  it('is refused while a run works on the project', async () => {
    const { body } = await host.as('leo').post('/api/projects', { name: 'busy' });
    const runId = await insertRun('leo', body.id);
    expect(await host.as('leo').delete(`/api/projects/${body.id}`)).toMatchObject({ status: 409, body: { code: 'project_busy' } });
    await host.database.prisma.run.update({ where: { id: runId }, data: { finishedAt: new Date() } });
    expect((await host.as('leo').delete(`/api/projects/${body.id}`)).status).toBe(204);
  });
});

describe('folders of projects that are gone', () => {
  const clean = () => host.app.get(WorkspaceCleanup).clean(10);
  const isDue = (projectId: string) => host.database.prisma.removal.update({ where: { id: projectId }, data: { dueAt: new Date(Date.now() - 1) } });

  it('are removed by the clean-up when the deletion could not, e.g. because of a crash', async () => {
    const { body } = await host.as('mia').post('/api/projects', { name: 'half gone' });
    await workspaces.forProject('mia', body.id);
    const removeFolders = workspaces.removeFolders.bind(workspaces);
    Object.assign(workspaces, { removeFolders: () => Promise.reject(new Error('the process ends here')) });
    expect((await host.as('mia').delete(`/api/projects/${body.id}`)).status).toBe(204);
    Object.assign(workspaces, { removeFolders });
    expect(existsSync(folderOf(body.id))).toBe(true);
    expect(await clean()).toEqual({ rows: 0, hasMore: false }); // not yet its time
    await isDue(body.id);
    expect(await clean()).toEqual({ rows: 1, hasMore: true }); // what removed something asks for another pass
    expect(existsSync(folderOf(body.id))).toBe(false);
    expect(await clean()).toEqual({ rows: 0, hasMore: false });
  });

  it('stay while the project is there, and when this database knows nothing of them', async () => {
    const { body } = await host.as('mia').post('/api/projects', { name: 'here' });
    await workspaces.forProject('mia', body.id);
    const foreign = newId();
    await mkdir(folderOf(foreign));
    await host.database.prisma.removal.create({ data: { id: body.id, kind: 'project', dueAt: new Date(Date.now() - 1) } });
    expect(await clean()).toEqual({ rows: 0, hasMore: false });
    expect([existsSync(folderOf(body.id)), existsSync(folderOf(foreign))]).toEqual([true, true]);
    expect(await host.database.prisma.removal.count()).toBe(0);
    await rm(folderOf(foreign), { recursive: true });
  });
});

describe('the default project', () => {
  it('is a managed folder of each user, the same for first messages at the same time', async () => {
    const found = await Promise.all([1, 2, 3, 4].map(() => workspaces.forProject('max', null)));
    expect(new Set(found.map(({ projectId }) => projectId)).size).toBe(1);
    expect(existsSync(folderOf(found[0]?.projectId ?? ''))).toBe(true);
    expect((await workspaces.forProject('ned', null)).projectId).not.toBe(found[0]?.projectId);
  });

  it('works on the configured folder for an admin, and only for one', async () => {
    const admin = await workspaces.forProject('ola', null, 'admin');
    expect(await admin.workspace.readText('precious.txt', { maxBytes: 100 })).toBe('precious');
    const user = await workspaces.forProject('pam', null, 'user');
    await expect(user.workspace.readText('precious.txt', { maxBytes: 100 })).rejects.toMatchObject({ code: 'not_found' });
  });

  it('shares one workspace between runs of a project, and with it the epoch', async () => {
    const [first, second] = await Promise.all([workspaces.forProject('quy', null), workspaces.forProject('quy', null)]);
    await first.workspace.writeText('a.txt', 'text', { maxBytes: 100, signal });
    const third = await workspaces.forProject('quy', null);
    expect([second.workspace.epoch, third.workspace.epoch]).toEqual([1, 1]);
  });

  it('says so when the folder of a project is gone', async () => {
    const { prisma } = host.database;
    const { id } = await prisma.project.create({ data: { id: newId(), userId: 'tom', name: 'moved', path: '/nowhere/at/all', isManaged: false } });
    await expect(workspaces.forProject('tom', id)).rejects.toMatchObject({ code: 'invalid_state' });
  });

  it('is made anew when its managed folder is gone', async () => {
    const { projectId } = await workspaces.forProject('rex', null);
    await rm(folderOf(projectId), { recursive: true });
    const { workspace } = await workspaces.forProject('rex', null);
    await workspace.writeText('a.txt', 'text', { maxBytes: 100, signal });
  });
});

it('runs tools end to end in an application of somebody else', async () => {
  const { workspace } = await workspaces.forProject('sue', null);
  const context: ToolRunContext = { workspace, signal, memory: new RunMemory(), limits: host.limits.snapshot(), session: { toolCallsLeft: 10 }, onEvent: () => undefined };
  const results = await host.app.get(ToolRunner).runAll(
    [
      { callId: '1', name: 'write_file', input: { path: 'src/a.ts', content: '// TODO one\n// TODO two\n' } },
      { callId: '2', name: 'search_text', input: { query: 'TODO' } },
      { callId: '3', name: 'list_files', input: {} },
      { callId: '4', name: 'edit_file', input: { path: 'src/a.ts', oldText: '// TODO one\n', newText: '' } },
      { callId: '5', name: 'read_file', input: { path: 'src/a.ts' } },
    ],
    context,
  );
  expect(results.map(({ ok }) => ok)).toEqual([true, true, true, true, true]);
  expect(results[1]?.output).toContain('2 matches in 1 file');
  expect(results[4]?.output).toBe('1\t// TODO two');
});

it('declares every tool, without those that execute where nothing can be confined, with a JSON Schema that models accept', () => {
  const declarations = host.app.get(ToolRegistry).declarations();
  expect(declarations.map(({ name }) => name)).toEqual(['list_files', 'find_files', 'search_text', 'read_file', 'edit_file', 'write_file', 'apply_patch', 'move_file', 'delete_file', 'read_output', 'task_list', 'ask_user']);
  for (const { description, inputSchema } of declarations) {
    expect(description.length).toBeGreaterThan(40);
    expect(inputSchema).toMatchObject({ type: 'object', additionalProperties: false, properties: expect.any(Object) });
    expect(JSON.stringify(inputSchema)).not.toContain('$schema');
  }
  expect(declarations.find(({ name }) => name === 'read_file')?.inputSchema.required).toEqual(['path']);
});

async function insertRun(userId: string, projectId: string): Promise<string> {
  const { prisma } = host.database;
  const conversation = await prisma.conversation.create({ data: { id: newId(), userId, projectId, title: 'Work' } });
  const run = await prisma.run.create({
    data: {
      id: newId(),
      userId,
      conversationId: conversation.id,
      sessionId: newId(),
      projectId,
      userMessageId: newId(),
      assistantMessageId: newId(),
      status: 'running',
      intent: 'fix',
      model: 'offline/planner',
      limits: {},
      limitsRevision: 1,
      estimate: {},
    },
  });
  return run.id;
}
