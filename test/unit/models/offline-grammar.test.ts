import { understand } from '../../../src/models/offline/grammar/understand.js';
import type { Command } from '../../../src/models/offline/command.js';

const find = (text: string, rest: Partial<Extract<Command, { kind: 'find_text' }>> = {}): Command => ({ kind: 'find_text', text, scope: {}, asksForMost: false, asksForCount: false, ...rest });
const files = (pattern: string, rest: Partial<Extract<Command, { kind: 'find_files' }>> = {}): Command => ({ kind: 'find_files', pattern, scope: {}, asksForCount: false, ...rest });
const list = (path?: string): Command => ({ kind: 'list_files', scope: path === undefined ? {} : { path } });
const read = (path: string, startLine?: number, endLine?: number): Command => ({ kind: 'read_file', path, startLine, endLine });
const outline = (path: string): Command => ({ kind: 'outline_file', path });
const lines = (path: string): Command => ({ kind: 'count_lines', path });
const replace = (oldText: string, newText: string, scope: { path?: string; glob?: string } = {}): Command => ({ kind: 'replace_text', oldText, newText, scope });

describe('offline planner: what it understands', () => {
  it.each<[string, Command]>([
    ['Find every TODO in this workspace and tell me which file has the most', find('TODO', { asksForMost: true })],
    ['Find every TODO in this workspace and tell me which file has the most of them.', find('TODO', { asksForMost: true })],
    ['find all TODOs', find('TODO')],
    ['Could you please find all the TODO comments in src?', find('TODO', { scope: { path: 'src' } })],
    ['search for "hello world" in the docs folder', find('hello world', { scope: { path: 'docs' } })],
    ['grep useState in *.tsx files', find('useState', { scope: { glob: '*.tsx' } })],
    ['Look for usages of fetchUser across all TypeScript files, please', find('fetchUser', { scope: { glob: '*.{ts,tsx,mts,cts}' } })],
    ['Show me every mention of Redis in the project', find('Redis')],
    ["Where is 'parse token' used?", find('parse token')],
    ['where is PrismaService defined', find('PrismaService')],
    ['Which file has the most FIXMEs?', find('FIXME', { asksForMost: true })],
    ['which files mention Redis', find('Redis')],
    ['How many TODOs are there?', find('TODO', { asksForCount: true })],
    ['How many TODOs are there in src/api?', find('TODO', { scope: { path: 'src/api' }, asksForCount: true })],
    ['how many times does "foo(" appear in lib', find('foo(', { scope: { path: 'lib' }, asksForCount: true })],
    ['count the occurrences of colour', find('colour', { asksForCount: true })],
    ['Find all TODOs and count them', find('TODO', { asksForCount: true })],
    ['Hi there, thanks! Now find every FIXME', find('FIXME')],

    ['List the files', list()],
    ['list all files in this workspace', list()],
    ['Show me the files in src/models.', list('src/models')],
    ['What files are here?', list()],
    ['what is in this folder', list()],
    ["What's in src/models?", list('src/models')],
    ['ls', list()],
    ['ls src', list('src')],

    ['Find all *.ts files', files('*.ts')],
    ['list every .md file in docs', files('*.md', { scope: { path: 'docs' } })],
    ['show all TypeScript files', files('*.{ts,tsx,mts,cts}')],
    ['find files named "app module.ts"', files('app module.ts')],
    ['find **/*.test.ts', files('**/*.test.ts')],
    ['Where is config.ts?', files('config.ts')],
    ['How many files are there?', files('*', { asksForCount: true })],
    ['how many .ts files do we have in src?', files('*.ts', { scope: { path: 'src' }, asksForCount: true })],
    ['count the files', files('*', { asksForCount: true })],

    ['Read README.md', read('README.md')],
    ['please open the file src/main.ts', read('src/main.ts')],
    ['show me package.json', read('package.json')],
    ['cat ./Makefile', read('Makefile')],
    ['Show lines 10-20 of src/main.ts', read('src/main.ts', 10, 20)],
    ['print line 7 of a.py', read('a.py', 7, 7)],
    ['What is in package.json?', read('package.json')],

    ['Explain the outline of src/main.ts', outline('src/main.ts')],
    ['Outline README.md', outline('README.md')],
    ["explain src/main.ts's structure", outline('src/main.ts')],
    ['What does src/main.ts do?', outline('src/main.ts')],
    ['explain the file src/main.ts', outline('src/main.ts')],

    ['How many lines does src/main.ts have?', lines('src/main.ts')],
    ['count the lines in README.md', lines('README.md')],
    ['how many lines are in README.md', lines('README.md')],

    ['Replace "colour" with "color" in README.md', replace('colour', 'color', { path: 'README.md' })],
    ['replace foo by bar everywhere', replace('foo', 'bar')],
    ['Rename oldName to newName in all files', replace('oldName', 'newName')],
    ['Replace every occurrence of "a b" with "c d" in all TypeScript files', replace('a b', 'c d', { glob: '*.{ts,tsx,mts,cts}' })],
    ['change `var` to `let` in src', replace('var', 'let', { path: 'src' })],

    ['hello', { kind: 'greet' }],
    ['Thanks!', { kind: 'greet' }],
    ['What can you do?', { kind: 'greet' }],
  ])('%s', (message, command) => {
    expect(understand(message)).toEqual(command);
  });

  it.each([
    'Write a poem about the sea',
    'Find every TODO and fix them',
    "Don't find any TODO",
    'Find out why the build fails and repair it',
    'Add a chart to the dashboard',
    'change the button colour to red',
    'rename src/a.ts to src/b.ts',
    'Explain how the login works',
    'Fix the failing test in src/api.test.ts',
    'replace the old parser with a new one that is faster',
    'How does the cache work?',
    'Refactor src/main.ts',
    'read my mind',
    'find "one thing" or another',
    '',
    '   ',
    `find ${'x'.repeat(2_000)}`,
  ])('does not pretend to understand: %s', (message) => {
    expect(understand(message)).toBeUndefined();
  });

  it('answers fast, whatever it is given', () => {
    const nasty = ['find ' + 'the '.repeat(249), ','.repeat(1_000), 'show me ' + '.'.repeat(990) + 'x', `replace ${'a '.repeat(490)}`, `${'"a '.repeat(330)}`, 'how many ' + 'all of the '.repeat(89), 'hi '.repeat(333), `find ${'in x '.repeat(190)}`];
    const startMs = performance.now();
    for (const message of nasty) understand(message);
    expect(performance.now() - startMs).toBeLessThan(500);
  });
});
