import { spawnSync } from 'node:child_process';
import { link, mkdir, mkdtemp, readdir, readFile, rename, rm, symlink, unlink, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { descriptorAnchoring, realpathAnchoring } from '../../../src/tools/workspace/anchoring.js';
import { Workspace } from '../../../src/tools/index.js';
import { FindFilesTool } from '../../../src/tools/traversal/find-files.tool.js';
import { ListFilesTool } from '../../../src/tools/traversal/list-files.tool.js';
import { SearchTextTool } from '../../../src/tools/traversal/search-text.tool.js';
import { TraversalThreads } from '../../../src/tools/traversal/traversal-threads.js';
import { FixedLimits } from '../../support/streaming/fixed-limits.js';
import { toolContext } from '../../support/tools/tool-context.js';

const SECRET = 'the-secret-of-the-house';
const isRoot = process.getuid?.() === 0;
const signal = new AbortController().signal;

let parent: string;
let root: string;
let outside: string;
let socket: Server;
const threads = new TraversalThreads(new FixedLimits());

beforeAll(async () => {
  parent = await mkdtemp(join(tmpdir(), 'lomu-escape-'));
  root = join(parent, 'workspace');
  outside = join(parent, 'outside');
  await mkdir(join(root, 'folder/deep'), { recursive: true });
  await mkdir(outside);
  await mkdir(`${root}-sibling`);
  await writeFile(join(root, 'folder/inside.txt'), 'inside');
  await writeFile(join(outside, 'secret.txt'), SECRET);
  await writeFile(join(`${root}-sibling`, 'secret.txt'), SECRET);
  await symlink(join(outside, 'secret.txt'), join(root, 'link-to-file'));
  await symlink('../outside/secret.txt', join(root, 'relative-link-to-file'));
  await symlink(outside, join(root, 'link-to-folder'));
  await symlink('/', join(root, 'link-to-root'));
  await symlink('link-to-folder', join(root, 'link-to-link'));
  await symlink(join(outside, 'created.txt'), join(root, 'dangling-link'));
  await symlink(outside, join(root, 'folder/deep/link-to-folder'));
  await symlink('folder/inside.txt', join(root, 'link-within'));
  await symlink('folder', join(root, 'link-to-folder-within'));
  await symlink('loop', join(root, 'loop'));
  await symlink('/proc/self/environ', join(root, 'link-to-environment'));
  await symlink('/dev/zero', join(root, 'link-to-device'));
  await link(join(outside, 'secret.txt'), join(root, 'hard-link'));
  spawnSync('mkfifo', [join(root, 'pipe')]);
  if (isRoot) spawnSync('mknod', [join(root, 'device'), 'c', '1', '5']); // /dev/zero: endless when read
  socket = createServer();
  await new Promise<void>((resolve) => socket.listen(join(root, 'socket'), resolve));
});

afterAll(async () => {
  await threads.onApplicationShutdown();
  await new Promise((resolve) => socket.close(resolve));
  await rm(parent, { recursive: true, force: true });
});

/** Paths that name something outside, written as a model might. `{root}` is the workspace. */
const LEXICAL_ESCAPES = [
  '..',
  '../',
  './..',
  '../outside/secret.txt',
  './../outside/secret.txt',
  '../workspace-sibling/secret.txt',
  'folder/../../outside/secret.txt',
  'folder/./.././../outside/secret.txt',
  'folder/deep/../../../outside/secret.txt',
  'missing/../../outside/secret.txt',
  '../workspace/../outside/secret.txt',
  '..//outside//secret.txt',
  '{root}/../outside/secret.txt',
  '{root}/folder/../../outside/secret.txt',
  '{root}-sibling/secret.txt',
  '/',
  '//',
  '/etc/passwd',
  '//etc/passwd',
  '/etc/../etc/shadow',
  '/proc/self/environ',
  '/proc/self/root/etc/passwd',
  '/proc/self/cwd/package.json',
  '/proc/1/environ',
  '/proc/self/fd/0',
  '/dev/zero',
  '/dev/stdin',
  '/dev/fd/0',
  '/sys/kernel/hostname',
];

const LINK_ESCAPES = [
  'link-to-file',
  'relative-link-to-file',
  './link-to-file',
  'folder/../link-to-file',
  'link-to-folder/secret.txt',
  'link-to-folder/missing.txt',
  'link-to-folder/../outside/secret.txt/../../link-to-folder/secret.txt',
  'link-to-link/secret.txt',
  'link-to-root/etc/passwd',
  'link-to-root/no/such/thing',
  'link-to-root/proc/self/environ',
  'folder/deep/link-to-folder/secret.txt',
  'link-within',
  'link-to-folder-within/inside.txt',
  'loop',
  'loop/secret.txt',
  'dangling-link',
  'link-to-environment',
  'link-to-device',
];

/** Read as names of files, which none of them is: nothing is decoded or expanded. */
const LITERALS = ['%2e%2e/outside/secret.txt', '..%2foutside%2fsecret.txt', '~/secret.txt', '$HOME/secret.txt', '${HOME}', 'file:///etc/passwd', '..\\outside\\secret.txt', '…/outside/secret.txt', '．．/outside/secret.txt'];

const MALFORMED = ['folder/inside.txt\0', 'folder\0/../../outside/secret.txt', '\0', 'folder/in\nside.txt', 'a\u001b[2J', 'x'.repeat(5_000)];

const anchorings = process.platform === 'linux' ? { descriptors: descriptorAnchoring, realpath: realpathAnchoring } : { realpath: realpathAnchoring };

describe.each(Object.entries(anchorings))('I5: with %s, reading and writing', (_, anchoring) => {
  const open = (): Promise<Workspace> => Workspace.open(root, { anchoring });
  const read = async (path: string): Promise<string> => (await open()).readText(path.replace('{root}', root), { maxBytes: 10_000 });
  const write = async (path: string) => (await open()).writeText(path.replace('{root}', root), 'overwritten', { maxBytes: 10_000, signal });

  afterEach(async () => {
    // Whatever was tried, everything outside is as it was.
    expect(await readdir(outside)).toEqual(['secret.txt']);
    expect(await readFile(join(outside, 'secret.txt'), 'utf8')).toBe(SECRET);
    expect((await readdir(parent)).sort()).toEqual(['outside', 'workspace', 'workspace-sibling']);
  });

  it.each([...LEXICAL_ESCAPES, ...LINK_ESCAPES])('refuses %s', async (path) => {
    await expect(read(path)).rejects.toMatchObject({ name: 'ToolError', code: 'outside_workspace' });
    await expect(write(path)).rejects.toMatchObject({ name: 'ToolError', code: 'outside_workspace' });
  });

  it.each(LITERALS)('takes %s for a name like any other', async (path) => {
    await expect(read(path)).rejects.toMatchObject({ code: 'not_found' });
  });

  it.each(MALFORMED)('calls %j invalid', async (path) => {
    await expect(read(path)).rejects.toMatchObject({ code: 'invalid_input' });
    await expect(write(path)).rejects.toMatchObject({ code: 'invalid_input' });
  });

  it.each(['pipe', 'socket', ...(isRoot ? ['device'] : [])])('refuses a %s without waiting for it', async (path) => {
    await expect(read(path)).rejects.toMatchObject({ code: 'denied' });
    await expect(write(path)).rejects.toMatchObject({ code: 'denied' });
  });

  it('refuses a file with a further hard link, which may be one outside', async () => {
    await expect(read('hard-link')).rejects.toMatchObject({ code: 'denied' });
    await expect(write('hard-link')).rejects.toMatchObject({ code: 'denied' });
  });

  it('accepts an absolute path that is inside, and ".." that stays inside', async () => {
    expect(await read('{root}/folder/inside.txt')).toBe('inside');
    expect(await read('folder/deep/../inside.txt')).toBe('inside');
  });

  it('does not tell by its answer whether something outside exists', async () => {
    const messages = await Promise.all(['link-to-root/etc/passwd', 'link-to-root/no/such/thing'].map((path) => read(path).catch((error: Error) => error.message)));
    expect(messages[0]).toBe(messages[1]);
  });

  it('refuses the workspace itself once it was swapped for a link', async () => {
    const moved = join(parent, 'workspace');
    const workspace = await open();
    await rename(root, `${moved}-away`);
    await symlink(outside, root);
    try {
      await expect(workspace.readText('secret.txt', { maxBytes: 1_000 })).rejects.toMatchObject({ code: 'outside_workspace' });
      await expect(workspace.writeText('new.txt', 'x', { maxBytes: 1_000, signal })).rejects.toMatchObject({ code: 'outside_workspace' });
    } finally {
      await unlink(root);
      await rename(`${moved}-away`, root);
    }
  });

  it('never reads or writes outside while a folder is swapped for a link again and again', async () => {
    const workspace = await open();
    await mkdir(join(root, 'racing'), { recursive: true });
    await writeFile(join(root, 'racing/secret.txt'), 'harmless');
    let isRacing = true;
    const swap = async (): Promise<void> => {
      while (isRacing) {
        try {
          await rename(join(root, 'racing'), join(root, 'racing-real'));
          await symlink(outside, join(root, 'racing'));
          await unlink(join(root, 'racing'));
          await rename(join(root, 'racing-real'), join(root, 'racing'));
        } catch {
          // A write made the folder anew while it was away: start over.
          for (const name of ['racing', 'racing-real']) await rm(join(root, name), { recursive: true, force: true }).catch(() => undefined);
          await mkdir(join(root, 'racing'), { recursive: true });
          await writeFile(join(root, 'racing/secret.txt'), 'harmless').catch(() => undefined);
        }
      }
    };
    const seen = new Set<string>();
    const attempt = async (index: number): Promise<void> => {
      seen.add(await workspace.readText('racing/secret.txt', { maxBytes: 1_000 }).catch((error: { code: string }) => error.code));
      // Without descriptors a file can only be created first and looked at then.
      if (anchoring === descriptorAnchoring) await workspace.writeText(`racing/new-${index % 3}.txt`, String(index), { maxBytes: 1_000, signal }).catch((error: { code: string }) => seen.add(error.code));
    };
    const swapping = swap();
    for (let round = 0; round < 100; round++) await Promise.all(Array.from({ length: 4 }, (_, index) => attempt(round * 4 + index)));
    isRacing = false;
    await swapping;
    for (const name of ['racing', 'racing-real']) await rm(join(root, name), { recursive: true, force: true });
    if (anchoring === descriptorAnchoring) expect(seen).toContain('harmless'); // the other way seldom gets through
    expect([...seen]).not.toContain(SECRET);
  });
});

describe('I5: listing, finding and searching', () => {
  const tools = { list: new ListFilesTool(threads), find: new FindFilesTool(threads), search: new SearchTextTool(threads) };
  const call = {
    list: async (path: string) => tools.list.execute(tools.list.input.parse({ path }), toolContext(await Workspace.open(root))),
    find: async (path: string) => tools.find.execute(tools.find.input.parse({ path, pattern: '*' }), toolContext(await Workspace.open(root))),
    search: async (path: string) => tools.search.execute(tools.search.input.parse({ path, query: 'secret' }), toolContext(await Workspace.open(root))),
  };
  const names = ['list', 'find', 'search'] as const;
  const folders = ['..', '../outside', '/', '/etc', '/proc/self', '{root}-sibling', 'folder/../..', 'link-to-folder', 'link-to-root', 'link-to-link', 'link-to-root/etc', 'folder/deep/link-to-folder', 'link-to-folder-within', 'link-to-file', 'loop'];

  it.each(names.flatMap((name) => folders.map((path) => [name, path] as const)))('%s refuses %s', async (name, path) => {
    await expect(call[name](path.replace('{root}', root))).rejects.toMatchObject({ name: 'ToolError', code: 'outside_workspace' });
  });

  it('walks past links, pipes, sockets and hard links without opening them', async () => {
    const listing = await call.list('.');
    expect(listing).toContain('link-to-folder  (symbolic link, not followed)');
    expect(listing).toContain('pipe  (not a regular file)');
    expect(listing).not.toContain('secret.txt');
    expect(await call.find('.')).not.toContain('secret.txt');
    const found = await call.search('.');
    expect(found).not.toContain(SECRET);
    expect(found).toContain('not readable'); // the hard link
  });
});

describe('what is closed although it is inside', () => {
  let workspace: Workspace;
  beforeAll(async () => {
    for (const file of ['.git/config', '.git/hooks/pre-commit', 'app/.env', 'app/.env.local', 'app/.env.example']) {
      await mkdir(join(root, file, '..'), { recursive: true });
      await writeFile(join(root, file), 'TOKEN=1');
    }
    workspace = await Workspace.open(root);
  });

  it.each(['app/.env', 'app/.env.local', 'app/.ENV', 'app/.env.production'])('%s holds secrets', async (path) => {
    await expect(workspace.readText(path, { maxBytes: 100 })).rejects.toMatchObject({ code: 'denied' });
    await expect(workspace.writeText(path, 'x', { maxBytes: 100, signal })).rejects.toMatchObject({ code: 'denied' });
  });

  it.each(['.git/config', '.git/hooks/post-checkout', '.git', '.GIT/hooks/pre-commit', 'folder/.git/config', 'folder/../.git/config'])('%s is run by git and not written', async (path) => {
    await expect(workspace.writeText(path, 'x', { maxBytes: 100, signal })).rejects.toMatchObject({ code: 'denied' });
  });

  it('templates of secrets and the ignore file are open', async () => {
    expect(await workspace.readText('app/.env.example', { maxBytes: 100 })).toBe('TOKEN=1');
    await workspace.writeText('.gitignore', 'dist\n', { maxBytes: 100, signal });
  });

  it('search does not show secrets', async () => {
    const tool = new SearchTextTool(threads);
    const found = await tool.execute(tool.input.parse({ query: 'TOKEN' }), toolContext(workspace));
    expect(found).toContain('app/.env.example');
    expect(found).not.toMatch(/app\/\.env$|\.env\.local|\.git\//m);
    await expect(tool.execute(tool.input.parse({ query: 'TOKEN', path: 'app/.env' }), toolContext(workspace))).rejects.toMatchObject({ code: 'denied' });
  });
});
