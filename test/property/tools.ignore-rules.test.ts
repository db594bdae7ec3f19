import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { TreeWalk } from '../../src/tools/traversal/tree-walk.js';

const hasGit = spawnSync('git', ['--version']).status === 0;
// The machine's own settings have no say.
const environment = { PATH: process.env.PATH ?? '', HOME: '/nonexistent', XDG_CONFIG_HOME: '/nonexistent', GIT_CONFIG_NOSYSTEM: '1' };

const NAMES = ['a', 'b', 'build', 'x.log', 'a b', '#c', '!d', '[e]', 'f*'];
const FOLDERS = ['', 'a/', 'b/', 'a/b/', 'build/', 'a/build/', '[e]/', 'a/f*/'];

const RULE_PARTS = ['a', 'b', 'build', '*.log', '*', '**', 'x.*', '?', '[ab]', '[!a]', 'a b', '\\#c', '\\!d', '\\[e\\]', 'f\\*', '#c', '  ', 'a\\ b', 'x.log  '];
const rule = fc
  .tuple(fc.constantFrom('', '', '!'), fc.constantFrom('', '', '/', '**/'), fc.array(fc.constantFrom(...RULE_PARTS), { minLength: 1, maxLength: 3 }), fc.constantFrom('', '', '/', '/**'))
  .map(([negation, start, parts, end]) => negation + start + parts.join('/') + end);
const rules = fc.array(rule, { minLength: 1, maxLength: 5 }).chain((lines) => fc.constantFrom('\n', '\r\n').map((end) => lines.join(end)));
const ignoreFiles = fc.dictionary(fc.constantFrom(...FOLDERS), rules, { minKeys: 1, maxKeys: 3 });

async function makeTree(root: string): Promise<string[]> {
  const files = FOLDERS.flatMap((folder) => NAMES.filter((name) => !FOLDERS.includes(`${folder}${name}/`)).map((name) => `${folder}${name}`));
  for (const file of files) {
    await mkdir(dirname(join(root, file)), { recursive: true });
    await writeFile(join(root, file), '');
  }
  return files;
}

/** The files that git does not ignore, by its own word. */
function askGit(root: string): string[] {
  const { stdout, stderr, status } = spawnSync('git', ['ls-files', '-z', '--others', '--exclude-standard'], { cwd: root, env: environment, encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
  return stdout.split('\0').filter(Boolean).sort();
}

const walk = (root: string): string[] =>
  [...new TreeWalk({ root, start: '', includeIgnored: false, maxFiles: 10_000 })].filter(({ kind }) => kind === 'file').map(({ path }) => path).sort();

(hasGit ? describe : describe.skip)('a walk leaves out what git ignores (skipped where git is not installed)', () => {
  let root: string;
  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), 'lomu-ignore-'));
    spawnSync('git', ['init', '-q'], { cwd: root, env: environment });
    await makeTree(root);
  });
  afterAll(() => rm(root, { recursive: true, force: true }));

  const compare = async (files: Readonly<Record<string, string>>): Promise<void> => {
    for (const folder of FOLDERS) await rm(join(root, `${folder}.gitignore`), { force: true });
    for (const [folder, content] of Object.entries(files)) await writeFile(join(root, `${folder}.gitignore`), content);
    expect(walk(root)).toEqual(askGit(root));
  };

  it.each([
    ['nothing', { '': '' }],
    ['a comment and blank lines', { '': '# a\n\n   \n' }],
    ['names at any depth', { '': 'build\n*.log' }],
    ['an anchored name', { '': '/build\n' }],
    ['a folder only', { '': 'b/\n' }],
    ['a nested file', { 'a/': 'b\n' }],
    ['a nested anchored file', { 'a/': '/x.log\n' }],
    ['a nested file in a folder with special characters', { '[e]/': 'a\n', 'a/f*/': '/a\n' }],
    ['something taken back deeper down', { '': 'build\n', 'a/': '!build\n' }],
    ['something taken back deeper down, with its contents still ignored by name', { '': 'build\nx.log\n', 'a/': '!build\n' }],
    ['something that cannot be taken back, its folder being ignored', { '': 'a/\n', 'a/': '!b\n' }],
    ['all but one', { '': '/*\n!/a\n/a/*\n!/a/b\n' }],
    ['a folder with a slash in the middle', { '': 'a/build\n' }],
    ['double stars', { '': 'a/**/x.log\n**/b/x.log\nb/**\n' }],
    ['escapes', { '': '\\#c\n\\!d\n\\[e\\]\nf\\*\n' }],
    ['escapes in a nested file', { 'a/': '\\#c\n\\!d\n\\[e\\]\nf\\*\n' }],
    ['trailing blanks', { '': 'x.log   \na\\ b\n', 'a/': 'x.log   \na\\ b\n' }],
    ['windows line ends', { '': 'build\r\n*.log\r\n', 'a/': '!x.log\r\n' }],
    ['order: the last one wins', { '': 'x.log\n!x.log\n', 'a/': '!x.log\nx.log\n' }],
  ])('with %s', (_, files) => compare(files));

  it('for any rules (property)', async () => {
    await fc.assert(fc.asyncProperty(ignoreFiles, compare), { numRuns: 60, endOnFailure: true });
  });
});
