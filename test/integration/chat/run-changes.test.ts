import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { newId } from '../../../src/common/index.js';
import { startQuietApp } from '../../support/chat/quiet-app.js';
import { type GeminiEmulator, startGeminiEmulator, turn } from '../../support/gemini-emulator/index.js';
import type { TestApp } from '../../support/test-app.js';
import { chownAll } from '../../support/tools/chown-all.js';
import { describeWithSandbox, SANDBOX_USER } from '../../support/tools/test-sandbox.js';

let gemini: GeminiEmulator;
let lomu: TestApp;
let projectId: string;
let folder: string;

beforeAll(async () => {
  gemini = await startGeminiEmulator();
  lomu = await startQuietApp({ environment: { ...gemini.environment, SANDBOX_UID: String(SANDBOX_USER.uid) } });
});
afterAll(async () => {
  await lomu.close();
  await gemini.close();
});
beforeEach(async () => {
  gemini.reset();
  projectId = (await lomu.client.post('/api/projects', { name: newId() })).body.id;
  folder = join(lomu.config.workspaces.directory, projectId);
  await mkdir(join(folder, 'src'), { recursive: true });
  await writeFile(join(folder, 'src/sum.js'), 'export const sum = (a, b) => a - b;\n');
});

const editing = turn().call('edit_file', { path: 'src/sum.js', oldText: 'a - b', newText: 'a + b' }).call('write_file', { path: 'notes/todo.md', content: 'Nothing.\n' });
const EDITED_DIFF = [
  'diff --git a/notes/todo.md b/notes/todo.md',
  'new file mode 100644',
  '--- /dev/null',
  '+++ b/notes/todo.md',
  '@@ -0,0 +1 @@',
  '+Nothing.',
  'diff --git a/src/sum.js b/src/sum.js',
  '--- a/src/sum.js',
  '+++ b/src/sum.js',
  '@@ -1 +1 @@',
  '-export const sum = (a, b) => a - b;',
  '+export const sum = (a, b) => a + b;',
  '',
].join('\n');

async function runEditing(): Promise<string> {
  gemini.script([editing, turn().text('Done.')]);
  const { started, terminal } = await lomu.client.run('fix the sum', { projectId, intent: 'fix' });
  expect(terminal.type).toBe('run.completed');
  return started.runId;
}

const diffOf = (runId: string) => lomu.client.get(`/api/chat/runs/${runId}/diff`);
const undo = (runId: string) => lomu.client.post(`/api/chat/runs/${runId}/undo`);

async function contentsOf(directory: string): Promise<Record<string, string>> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  const paths = entries.map((entry) => ({ entry, path: join(entry.parentPath, entry.name) }));
  return Object.fromEntries(await Promise.all(paths.map(async ({ entry, path }) => [path, entry.isFile() ? `${(await stat(path)).mode} ${(await readFile(path)).toString('base64')}` : 'no file'])));
}

it('shows what a run changed as a unified diff, and puts it back', async () => {
  const runId = await runEditing();
  expect(await diffOf(runId)).toMatchObject({ status: 200, body: { runId, diff: EDITED_DIFF, truncated: false, undoneAt: null, files: [{ path: 'notes', kind: 'folder' }, { path: 'notes/todo.md', change: 'added' }, { path: 'src/sum.js', change: 'modified', additions: 1, deletions: 1 }] } });
  const undone = await undo(runId);
  expect(undone).toMatchObject({ status: 200, body: { runId, restored: ['notes', 'notes/todo.md', 'src/sum.js'] } });
  expect(await readFile(join(folder, 'src/sum.js'), 'utf8')).toContain('a - b');
  expect(await readdir(folder)).toEqual(['src']);
  expect((await undo(runId)).body).toEqual(undone.body);
  expect((await diffOf(runId)).body).toMatchObject({ diff: EDITED_DIFF, undoneAt: undone.body.undoneAt });
});

it('does not undo what was changed again since', async () => {
  const runId = await runEditing();
  await writeFile(join(folder, 'src/sum.js'), 'mine\n');
  expect(await undo(runId)).toMatchObject({ status: 409, body: { code: 'workspace_changed', paths: ['src/sum.js'] } });
  expect(await readFile(join(folder, 'notes/todo.md'), 'utf8')).toBe('Nothing.\n');
  expect((await diffOf(runId)).body.diff).toBe(EDITED_DIFF);
});

it('shows a run that goes on, and undoes it only when nothing works on the project', async () => {
  gemini.script([editing, turn().text('And now ').stall()]);
  const { body } = await lomu.client.post('/api/chat/runs', { message: 'fix it', projectId, intent: 'fix' });
  const events = lomu.client.events(body.eventsUrl);
  await events.next((event) => event.type === 'text.delta');
  expect((await diffOf(body.runId)).body.diff).toBe(EDITED_DIFF);
  expect(await undo(body.runId)).toMatchObject({ status: 409, body: { code: 'invalid_state' } });
  await lomu.client.post(`/api/chat/runs/${body.runId}/cancel`);
  await events.toTerminal();
  expect(await undo(body.runId)).toMatchObject({ status: 200 });
  expect(await readdir(folder)).toEqual(['src']);
});

it('is empty for a run that only read, and not there for others', async () => {
  gemini.script([turn().call('read_file', { path: 'src/sum.js' }), turn().text('Read.')]);
  const { started } = await lomu.client.run('read it', { projectId });
  expect((await diffOf(started.runId)).body).toEqual({ runId: started.runId, files: [], diff: '', truncated: false, undoneAt: null });
  expect((await undo(started.runId)).body.restored).toEqual([]);
  for (const answer of [await diffOf(newId()), await undo(newId())]) expect(answer).toMatchObject({ status: 404, body: { code: 'run_not_found' } });
  await lomu.database.prisma.run.update({ where: { id: started.runId }, data: { userId: 'somebody' } });
  for (const answer of [await diffOf(started.runId), await undo(started.runId)]) expect(answer).toMatchObject({ status: 404, body: { code: 'run_not_found' } });
  expect((await diffOf('x')).status).toBe(422);
});

describeWithSandbox('a run that uses everything', () => {
  it('is shown and undone whole: edits, creations, deletions, moves, binary files, and what a command did', async () => {
    await writeFile(join(folder, 'src/old.js'), 'old\n');
    await writeFile(join(folder, 'src/gone.js'), 'gone\n');
    await writeFile(join(folder, 'logo.png'), Buffer.from([0, 1, 2, 3, 255]));
    await chownAll(dirname(folder)); // the folder itself, too
    const before = await contentsOf(folder);
    gemini.script([
      turn().call('edit_file', { path: 'src/sum.js', oldText: 'a - b', newText: 'a + b' }).call('write_file', { path: 'new/file.txt', content: 'new\n' }).call('delete_file', { path: 'src/gone.js' }).call('move_file', { from: 'src/old.js', to: 'lib/moved.js' }),
      turn().call('run_command', { command: "printf '\\000\\001binary' > logo.png && mkdir -p out && echo built > out/result.txt && chmod +x src/sum.js && ln -s src/sum.js latest" }),
      turn().text('Done.'),
    ]);
    const { started, events, terminal } = await lomu.client.run('do everything', { projectId, intent: 'refactor' });
    expect(terminal.type).toBe('run.completed');
    expect(events.filter((event) => event.type === 'tool.failed')).toEqual([]);
    const { files, diff } = (await diffOf(started.runId)).body;
    expect(files.filter((file: { kind: string }) => file.kind !== 'folder').map((file: { path: string; change: string }) => `${file.change} ${file.path}`)).toEqual([
      'added latest', 'moved lib/moved.js', 'modified logo.png', 'added new/file.txt', 'added out/result.txt', 'deleted src/gone.js', 'modified src/sum.js',
    ]);
    expect(diff).toContain('old mode 100644\nnew mode 100755\n--- a/src/sum.js\n+++ b/src/sum.js\n');
    expect(diff).toContain('rename from src/old.js\nrename to lib/moved.js\n');
    expect(diff).toContain('Binary files a/logo.png and b/logo.png differ\n');
    expect(diff).toContain('new file mode 120000\n--- /dev/null\n+++ b/latest\n');
    expect((await undo(started.runId)).status).toBe(200);
    expect(await contentsOf(folder)).toEqual(before);
  });
});

it('goes with the conversation, and with the project', async () => {
  const history = join(lomu.config.workspaces.directory, '.history', projectId);
  const runId = await runEditing();
  const { conversationId } = (await lomu.client.get(`/api/chat/runs/${runId}`)).body;
  expect(await readdir(join(history, 'runs'))).toEqual([`${runId}.json`]);
  expect((await lomu.client.delete(`/api/chat/conversations/${conversationId}`)).status).toBe(204);
  expect(await readdir(join(history, 'runs'))).toEqual([]);
  expect((await lomu.client.delete(`/api/projects/${projectId}`)).status).toBe(204);
  expect(existsSync(history)).toBe(false);
});
