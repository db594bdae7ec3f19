import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { newId } from '../../../src/common/index.js';
import type { LimitValues } from '../../../src/limits/index.js';
import { WorkspaceCleanup } from '../../../src/tools/index.js';
import { WorkspaceService } from '../../../src/tools/index.js';
import { tarBytes } from '../../support/archives/tar-bytes.js';
import { zipBytes } from '../../support/archives/zip-bytes.js';
import { createProjectsApp, type ProjectsApp } from '../../support/tools/projects-app.js';

let base: string;
let allowed: string;
let repository: string;
let host: ProjectsApp;

const git = (cwd: string, ...command: string[]): string =>
  execFileSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@t', '-c', 'init.defaultBranch=main', ...command], { cwd, encoding: 'utf8', env: { PATH: process.env.PATH, GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_NOSYSTEM: '1' } });

beforeAll(async () => {
  base = await mkdtemp(join(tmpdir(), 'lomu-imports-'));
  allowed = join(base, 'allowed');
  repository = join(allowed, 'repository');
  await mkdir(repository, { recursive: true });
  git(repository, 'init', '-q');
  await writeFile(join(repository, 'README.md'), 'hello\n');
  await writeFile(join(repository, '.gitattributes'), '*.md filter=evil\n');
  await symlink('/etc/passwd', join(repository, 'link'));
  git(repository, 'add', '-A');
  git(repository, 'commit', '-q', '-m', 'first');
  host = await createProjectsApp({ PROJECT_SOURCES: allowed }, { 'workspace.maxProjectsPerUser': 100 });
});
afterAll(async () => {
  await host.close();
  await rm(base, { recursive: true, force: true });
});

const folderOf = (id: string): string => join(host.workspacesDirectory, id);
const leavings = async (name: string): Promise<string[]> => readdir(join(host.workspacesDirectory, name)).catch(() => []);

async function upload(bytes: Buffer, fields: Record<string, string> = { name: newId() }, headers: Record<string, string> = {}) {
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) form.set(name, value);
  form.set('archive', new Blob([new Uint8Array(bytes)]), 'project.zip');
  const response = await fetch(`${host.as('ann').baseUrl}/api/projects`, { method: 'POST', body: form, headers: { 'x-user': 'ann', ...headers } });
  return { status: response.status, body: (await response.json()) as { id: string; code: string; detail: string; name: string } };
}

async function withLimits<Result>(values: Partial<LimitValues>, work: () => Promise<Result>): Promise<Result> {
  const before = { ...host.limits.snapshot().values };
  host.limits.change(values);
  try {
    return await work();
  } finally {
    host.limits.change(before);
  }
}

const clone = (path: string) => host.as('ann').post('/api/projects', { name: newId(), source: { path } });

describe('a project from an archive', () => {
  it('has its files, from zip and tar.gz, and tools can work on them', async () => {
    for (const bytes of [zipBytes([{ name: 'src/a.txt', content: 'hello' }]), await tarBytes([{ name: 'src/a.txt', content: 'hello' }], true)]) {
      const { status, body } = await upload(bytes);
      expect(status).toBe(201);
      const { workspace } = await host.app.get(WorkspaceService).forProject('ann', body.id);
      expect(await workspace.readText('src/a.txt', { maxBytes: 100 })).toBe('hello');
      await workspace.writeText('src/a.txt', 'changed', { maxBytes: 100, signal: new AbortController().signal });
    }
    expect([await leavings('.uploads'), await leavings('.imports')]).toEqual([[], []]);
  });

  it('that is refused leaves nothing behind: no project, no folder, no upload', async () => {
    const before = [await host.database.prisma.project.count(), (await readdir(host.workspacesDirectory)).length];
    expect(await upload(zipBytes([{ name: 'fine.txt' }, { name: '../evil' }]))).toMatchObject({ status: 422, body: { code: 'archive_refused', detail: expect.stringContaining('Nothing was created') } });
    expect([await host.database.prisma.project.count(), (await readdir(host.workspacesDirectory)).length]).toEqual(before);
    expect([await leavings('.uploads'), await leavings('.imports')]).toEqual([[], []]);
  });

  it('leaves nothing behind either when the project cannot be made', async () => {
    const bytes = zipBytes([{ name: 'a.txt' }]);
    await upload(bytes, { name: 'taken' });
    const folders = (await readdir(host.workspacesDirectory)).length;
    expect(await upload(bytes, { name: 'taken' })).toMatchObject({ status: 409, body: { code: 'already_exists' } });
    expect(await upload(bytes, { name: '' })).toMatchObject({ status: 422, body: { code: 'validation_failed' } });
    expect((await readdir(host.workspacesDirectory)).length).toBe(folders);
    expect([await leavings('.uploads'), await leavings('.imports')]).toEqual([[], []]);
  });

  it('is the same project for the same Idempotency-Key and content, and a conflict for another', async () => {
    const [one, other] = [zipBytes([{ name: 'a.txt' }]), zipBytes([{ name: 'b.txt' }])];
    const name = newId();
    const first = await upload(one, { name }, { 'idempotency-key': name });
    expect(await upload(one, { name }, { 'idempotency-key': name })).toEqual(first);
    expect(await upload(other, { name }, { 'idempotency-key': name })).toMatchObject({ status: 409, body: { code: 'idempotency_mismatch' } });
  });

  it('workspace.maxArchiveBytes: taken at the bound, 413 beyond', async () => {
    const bytes = zipBytes([{ name: 'a.txt', content: 'x'.repeat(2_000) }]);
    await withLimits({ 'workspace.maxArchiveBytes': bytes.length }, async () => expect((await upload(bytes)).status).toBe(201));
    await withLimits({ 'workspace.maxArchiveBytes': bytes.length - 1 }, async () => expect(await upload(bytes)).toMatchObject({ status: 413, body: { code: 'payload_too_large' } }));
    expect(await leavings('.uploads')).toEqual([]);
  });

  it('workspace.maxArchiveRatio: what unpacks to more than so many times its size is refused', async () => {
    const bytes = zipBytes([{ name: 'zeros', content: Buffer.alloc(100_000), isDeflated: true }]);
    const ratio = Math.ceil(100_000 / bytes.length);
    await withLimits({ 'workspace.maxArchiveRatio': ratio }, async () => expect((await upload(bytes)).status).toBe(201));
    await withLimits({ 'workspace.maxArchiveRatio': ratio - 1 }, async () => expect(await upload(bytes)).toMatchObject({ status: 422, body: { code: 'archive_refused' } }));
  });
});

describe('a project from a repository', () => {
  it('has its files and history, plain files for links, no hard links and no way back', async () => {
    const { status, body } = await clone(repository);
    expect(status).toBe(201);
    const folder = folderOf(body.id);
    expect(await readFile(join(folder, 'README.md'), 'utf8')).toBe('hello\n');
    expect((await stat(join(folder, 'link'))).isFile()).toBe(true);
    expect(await readFile(join(folder, 'link'), 'utf8')).toBe('/etc/passwd');
    expect(await readFile(join(folder, '.git/config'), 'utf8')).not.toContain(base);
    for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
      if (entry.isFile()) expect((await stat(join(entry.parentPath, entry.name))).nlink).toBe(1);
    }
  });

  it('runs nothing of the repository: no hook, no filter, no helper', async () => {
    const trap = join(base, 'trapped');
    for (const hook of ['post-checkout', 'post-upload-pack', 'pre-upload', 'reference-transaction']) {
      await writeFile(join(repository, '.git/hooks', hook), `#!/bin/sh\ntouch ${trap}\n`);
      await chmod(join(repository, '.git/hooks', hook), 0o755);
    }
    for (const [key, value] of [['uploadpack.packObjectsHook', `touch ${trap};`], ['core.fsmonitor', `touch ${trap}`], ['filter.evil.smudge', `touch ${trap}; cat`], ['core.sshCommand', `touch ${trap}`]] as const) {
      git(repository, 'config', key, value);
    }
    expect((await clone(repository)).status).toBe(201);
    expect(existsSync(trap)).toBe(false);
  });

  it.each<[string, () => Promise<string> | string]>([
    ['outside the allowed folders', () => base],
    ['a way out of them', () => `${allowed}/../..`],
    ['the folder beside with the same beginning', async () => mkdir(`${allowed}-not`, { recursive: true }).then(() => `${allowed}-not`)],
    ['a link that leads out', async () => symlink(base, join(allowed, `out-${newId()}`)).then(async () => join(allowed, (await readdir(allowed)).find((name) => name.startsWith('out-')) as string))],
    ['relative', () => 'repository'],
    ['missing', () => join(allowed, 'missing')],
    ['no repository', async () => mkdir(join(allowed, 'plain'), { recursive: true }).then(() => join(allowed, 'plain'))],
    ['another protocol', () => 'ext::sh -c touch% /tmp/evil'],
    ['an address', () => 'https://example.invalid/x.git'],
    ['an option', () => '--upload-pack=touch /tmp/evil'],
    ['with a NUL', () => `${'/tmp'}\0`],
  ])('is refused for a path that is %s', async (_, path) => {
    expect(await clone(await path())).toMatchObject({ status: 422, body: { code: 'source_refused' } });
    expect(await leavings('.imports')).toEqual([]);
  });
});

describe('the quota of a workspace', () => {
  it('workspace.maxBytes, workspace.maxFiles: bound what a project is made from', async () => {
    const bytes = zipBytes([{ name: 'a', content: 'x'.repeat(1_000) }, { name: 'b', content: 'x'.repeat(1_000) }]);
    for (const [limits, status] of [[{ 'workspace.maxBytes': 2_000 }, 201], [{ 'workspace.maxBytes': 1_999 }, 422], [{ 'workspace.maxFiles': 2 }, 201], [{ 'workspace.maxFiles': 1 }, 422]] as const) {
      await withLimits(limits, async () => expect((await upload(bytes)).status).toBe(status));
    }
    for (const limits of [{ 'workspace.maxBytes': 1_000 }, { 'workspace.maxFiles': 3 }]) {
      await withLimits(limits, async () => expect(await clone(repository)).toMatchObject({ status: 422, body: { code: 'source_refused', detail: expect.stringContaining('too large') } }));
    }
  });

  it('workspace.maxBytes, workspace.maxFiles: bound what tools write, up to the bound and not beyond, and allow to tidy up', async () => {
    const { body } = await host.as('bob').post('/api/projects', { name: 'small' });
    const { workspace } = await host.app.get(WorkspaceService).forProject('bob', body.id);
    const write = (path: string, length: number) => workspace.writeText(path, 'x'.repeat(length), { maxBytes: 10_000, signal: new AbortController().signal });
    await withLimits({ 'workspace.maxBytes': 1_000, 'workspace.maxFiles': 2 }, async () => {
      await write('a', 600);
      await write('b', 400);
      await expect(write('b', 401)).rejects.toMatchObject({ code: 'no_space' });
      await write('a', 500);
      await write('b', 500);
      await expect(write('c', 0)).rejects.toMatchObject({ code: 'no_space', message: expect.stringContaining('most is 2') });
      await writeFile(join(folderOf(body.id), 'from-a-command'), 'x'.repeat(400));
      workspace.noteChange();
      await expect(write('a', 501)).rejects.toMatchObject({ code: 'no_space' });
      await write('a', 10);
      await workspace.remove('from-a-command', new AbortController().signal);
      await write('a', 500);
    });
  });
});

it('workspace.importTimeoutMs: what a crash left of an import or upload is removed after twice that, what may be going on is not', async () => {
  const folders = ['.imports', '.uploads'].map((name) => join(host.workspacesDirectory, name));
  for (const folder of folders) {
    for (const [name, ageMs] of [['old', 241_000], ['older', 300_000], ['young', 239_000]] as const) {
      await mkdir(join(folder, name), { recursive: true });
      const at = new Date(Date.now() - ageMs);
      await utimes(join(folder, name), at, at);
    }
  }
  const cleanup = host.app.get(WorkspaceCleanup);
  expect(await cleanup.clean(1)).toEqual({ rows: 2, hasMore: true }); // one of each
  expect(await cleanup.clean(1)).toEqual({ rows: 2, hasMore: false });
  expect(await Promise.all(folders.map((folder) => readdir(folder)))).toEqual([['young'], ['young']]);
  for (const folder of folders) await rm(join(folder, 'young'), { recursive: true });
});
