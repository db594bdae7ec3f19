import { symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Workspace } from '../../../src/tools/index.js';
import { FindFilesTool } from '../../../src/tools/traversal/find-files.tool.js';
import { ListFilesTool } from '../../../src/tools/traversal/list-files.tool.js';
import { TraversalThreads } from '../../../src/tools/traversal/traversal-threads.js';
import { FixedLimits } from '../../support/streaming/fixed-limits.js';
import { createTestWorkspace, type TestWorkspace } from '../../support/test-workspace.js';
import { toolContext } from '../../support/tools/tool-context.js';

const threads = new TraversalThreads(new FixedLimits());
let folder: TestWorkspace;
let workspace: Workspace;

beforeAll(async () => {
  folder = await createTestWorkspace({
    '.gitignore': 'dist\n*.log\n',
    '.git/config': '[core]',
    '.github/ci.yml': 'on: push',
    'dist/out.js': 'built',
    'node_modules/pkg/index.js': 'installed',
    'README.md': 'hello',
    'debug.log': 'noise',
    'src/main.ts': 'main',
    'src/main.test.ts': 'test',
    'src/deep/er/still/file.ts': 'x'.repeat(1_234),
    '.lomu-0123456789abcdef.tmp': 'left by a crash',
  });
  await symlink('src', join(folder.path, 'alias'));
  await writeFile(join(folder.path, 'odd\nname.txt'), '');
  workspace = await Workspace.open(folder.path);
});

afterAll(async () => {
  await threads.onApplicationShutdown();
  await folder.remove();
});

describe('list_files', () => {
  const tool = new ListFilesTool(threads);
  const call = (input: object, limits = {}) => tool.execute(tool.input.parse(input), toolContext(workspace, limits));

  it('shows a tree with sizes, without what is ignored, and quotes names that would break out of their line', async () => {
    expect(await call({})).toBe(
      [
        '.github/',
        '  ci.yml  8',
        '.gitignore  11',
        'README.md  5',
        'alias  (symbolic link, not followed)',
        '"odd\\nname.txt"  0',
        'src/',
        '  deep/',
        '    er/',
        '  main.test.ts  4',
        '  main.ts  4',
        '[folders at depth 3 were not entered]',
      ].join('\n'),
    );
  });

  it('shows whole paths when flat, from the folder asked for', async () => {
    expect(await call({ path: 'src', format: 'flat', depth: 10 })).toBe(
      ['src/deep/', 'src/deep/er/', 'src/deep/er/still/', 'src/deep/er/still/file.ts  1234', 'src/main.test.ts  4', 'src/main.ts  4'].join('\n'),
    );
  });

  it('shows what is ignored when asked to, but not git itself', async () => {
    const listing = await call({ includeIgnored: true, format: 'flat' });
    expect(listing).toContain('dist/out.js');
    expect(listing).toContain('node_modules/pkg/index.js');
    expect(listing).not.toContain('.git/');
  });

  it.each(['dist', 'node_modules/pkg', '.git'])('shows the ignored folder %s when it is named', async (path) => {
    expect(await call({ path })).toMatch(/out\.js|index\.js|config/);
  });

  it('says what it leaves out beyond its bounds', async () => {
    expect(await call({}, { searchMaxMatches: 3 })).toContain('[8 more entries;');
    expect(await call({}, { searchMaxFiles: 2 })).toContain('more files than one listing looks at');
  });

  it('answers for a file, an empty folder and a missing one', async () => {
    expect(await call({ path: 'src/main.ts', format: 'flat' })).toBe('src/main.ts  4');
    await expect(call({ path: 'nowhere' })).rejects.toMatchObject({ code: 'not_found', message: 'nowhere does not exist.' });
    await expect(call({ path: 'src/main.ts/x' })).rejects.toMatchObject({ code: 'not_found' });
  });
});

describe('find_files', () => {
  const tool = new FindFilesTool(threads);
  const call = (input: object, limits = {}) => tool.execute(tool.input.parse(input), toolContext(workspace, limits));

  it.each([
    ['*.ts', ['src/deep/er/still/file.ts', 'src/main.test.ts', 'src/main.ts']],
    ['src/*.ts', ['src/main.test.ts', 'src/main.ts']],
    ['./src/**/*.test.ts', ['src/main.test.ts']],
    ['**/{main,file}.ts', ['src/deep/er/still/file.ts', 'src/main.ts']],
    ['ci.*', ['.github/ci.yml']],
    ['src/**', ['src/deep/er/still/file.ts', 'src/main.test.ts', 'src/main.ts']],
  ])('%s', async (pattern, paths) => {
    expect(await call({ pattern })).toBe([`${paths.length} ${paths.length === 1 ? 'file' : 'files'}:`, ...paths].join('\n'));
  });

  it('understands a pattern from the folder it looks in as well as from the root', async () => {
    expect(await call({ pattern: 'still/*.ts', path: 'src/deep/er' })).toContain('src/deep/er/still/file.ts');
    expect(await call({ pattern: 'src/deep/**/*.ts', path: 'src/deep/er' })).toContain('src/deep/er/still/file.ts');
  });

  it('says so when nothing fits, and counts on beyond what it shows', async () => {
    expect(await call({ pattern: '*.rs' })).toBe('No file matches *.rs.');
    expect(await call({ pattern: '*.ts' }, { searchMaxMatches: 1 })).toBe('3 files:\nsrc/deep/er/still/file.ts\n[2 more; use a narrower pattern]');
  });

  it('gives a glob that backtracks for ever up when the call is', async () => {
    const slow = await createTestWorkspace({ [`${'a'.repeat(60)}b`]: '' });
    const input = tool.input.parse({ pattern: '+(+(a))' });
    const context = { ...toolContext(await Workspace.open(slow.path)), signal: AbortSignal.timeout(500) };
    const outcome = await tool.execute(input, context).catch((error: Error) => error.name);
    expect(['TimeoutError', 'No file matches +(+(a)).']).toContain(outcome);
    await slow.remove();
  });
});
