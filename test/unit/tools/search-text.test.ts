import { link, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Workspace } from '../../../src/tools/index.js';
import { runJob } from '../../../src/tools/traversal/run-job.js';
import { SearchTextTool } from '../../../src/tools/traversal/search-text.tool.js';
import { TraversalThreads } from '../../../src/tools/traversal/traversal-threads.js';
import { FixedLimits } from '../../support/streaming/fixed-limits.js';
import { createTestWorkspace, TODO_PROJECT, type TestWorkspace } from '../../support/test-workspace.js';
import { toolContext } from '../../support/tools/tool-context.js';

const limits = new FixedLimits();
const threads = new TraversalThreads(limits);
const tool = new SearchTextTool(threads);
let folder: TestWorkspace;
let workspace: Workspace;

const call = (input: object, bounds = {}) => tool.execute(tool.input.parse(input), toolContext(workspace, bounds));

beforeAll(async () => {
  folder = await createTestWorkspace({
    ...TODO_PROJECT,
    '.gitignore': 'generated\n',
    'generated/api.ts': 'TODO',
    'node_modules/pkg/index.js': 'TODO',
    'crlf.txt': 'alpha\r\nbeta\r\ngamma\r\n',
    'context.txt': Array.from({ length: 20 }, (_, index) => `row ${index + 1}`).join('\n'),
    'blank.txt': 'a\n\nb\n\n',
    'wide.txt': `${'-'.repeat(5_000)}needle-in-wide${'-'.repeat(5_000)}\n`,
    'huge.txt': `rare-word ${'x'.repeat(100_000)}`,
  });
  await writeFile(join(folder.path, 'picture.bin'), Buffer.concat([Buffer.from('TODO'), Buffer.alloc(4)]));
  await writeFile(join(folder.path, 'latin1.txt'), Buffer.from('gr\xfcn TODO-latin\n', 'latin1'));
  workspace = await Workspace.open(folder.path);
});

afterAll(async () => {
  await threads.onApplicationShutdown();
  await folder.remove();
});

it('counts all matches and says which file has the most', async () => {
  expect(await call({ query: 'TODO', glob: '*.{ts,md}' })).toBe(
    [
      '6 matches in 3 files (4 files searched).',
      'Matches per file, the most first:',
      '3\tsrc/api.ts',
      '2\tdocs/notes.md',
      '1\tsrc/util.ts',
      '',
      'docs/notes.md',
      '  3: - TODO write the guide',
      '  4: - TODO add pictures',
      '',
      'src/api.ts',
      '  1: // TODO: validate input',
      '  3:   // TODO: retry',
      '  4:   return 1; // TODO: real value',
      '',
      'src/util.ts',
      '  1: // TODO: remove',
    ].join('\n'),
  );
});

it('only counts with countOnly', async () => {
  expect(await call({ query: 'TODO', path: 'src', countOnly: true })).toBe('4 matches in 2 files (2 files searched).\nMatches per file, the most first:\n3\tsrc/api.ts\n1\tsrc/util.ts');
});

it('counts every match of a line, and tells lines apart from matches', async () => {
  expect(await call({ query: 'a', path: 'crlf.txt' })).toContain('5 matches on 3 lines in 1 file');
});

it('goes on counting beyond the lines it shows', async () => {
  const output = await call({ query: 'TODO', path: '.', glob: '*.{ts,md}', maxLines: 3 });
  expect(output).toContain('6 matches in 3 files');
  expect(output.match(/^ {2}\d+: /gm)).toHaveLength(3);
  expect(output).toContain('  1: // TODO: validate input'); // the first in the order of paths
  expect(output).toContain('[3 more matching lines;');
});

it('leaves out binary files, ignored ones and those too large, and says so', async () => {
  const output = await call({ query: 'TODO' });
  expect(output).toContain('1 binary file left out');
  expect(output).toContain('1 too large file left out');
  expect(output).not.toMatch(/generated|node_modules|picture\.bin/);
  expect(await call({ query: 'TODO', includeIgnored: true })).toMatch(/generated\/api\.ts[^]*node_modules\/pkg/);
});

it('reads text that is not quite UTF-8 as well as it can', async () => {
  expect(await call({ query: 'TODO-latin' })).toContain('latin1.txt\n  1: gr\uFFFDn TODO-latin');
});

it('shows context once, with a gap between what is apart', async () => {
  const output = await call({ query: '^row (2|3|10)$', regex: true, path: 'context.txt', contextLines: 1 });
  expect(output.split('\n').slice(3)).toEqual(['  1- row 1', '  2: row 2', '  3: row 3', '  4- row 4', '  --', '  9- row 9', '  10: row 10', '  11- row 11']);
});

it('cuts a long line to what is around the match', async () => {
  const output = await call({ query: 'needle-in-wide' });
  expect(output).toContain('needle-in-wide');
  expect(output.length).toBeLessThan(500);
});

it('names the first match as progress', async () => {
  const progress: string[] = [];
  await tool.execute(tool.input.parse({ query: 'TODO', path: 'src/util.ts' }), { ...toolContext(workspace), onProgress: (text) => progress.push(text) });
  expect(progress).toEqual(['first match: src/util.ts:1: // TODO: remove']);
});

describe('regular expressions', () => {
  it.each([
    ['^beta$', 'crlf.txt', 1],
    ['a\\s*$', 'crlf.txt', 3],
    ['[^z]+', 'crlf.txt', 3],
    ['a[\\s\\S]*', 'crlf.txt', 3],
    ['\\W', 'crlf.txt', 3], // the carriage returns
    ['(?i)BETA', 'crlf.txt', 1],
    ['^$', 'blank.txt', 2],
    ['x*', 'blank.txt', 4],
    ['\\p{L}', 'blank.txt', 2],
    ['(?<=al)pha|gam(?=ma)', 'crlf.txt', 2],
    ['(.)\\1', 'crlf.txt', 1],
    ['a.b', 'crlf.txt', 0],
    ['alpha[^x]beta', 'crlf.txt', 0],
    ['alpha\\s+beta', 'crlf.txt', 0],
    ['TODO.*\\n.*export', 'src/api.ts', 'invalid_input'],
    ['(unclosed', 'crlf.txt', 'invalid_input'],
  ])('%s in %s', async (query, path, expected) => {
    const outcome = await call({ query, regex: true, path }).catch((error: { code: string }) => error.code);
    const count = /^(\d+) match/.exec(outcome)?.[1] ?? (outcome.startsWith('No match') ? '0' : outcome);
    expect(count).toBe(String(expected));
  });

  it('takes a query that is not one literally', async () => {
    expect(await call({ query: 'return 1; // TODO: real value' })).toContain('1 match in 1 file');
    expect(await call({ query: 'api()' })).toContain('1 match in 1 file');
    expect(await call({ query: 'TODO', caseSensitive: false, path: 'src' })).toContain('4 matches');
    expect(await call({ query: 'todo', path: 'src' })).toContain('No match');
  });
});

describe('a pattern that backtracks for ever', () => {
  const catastrophe = { query: '(x+x+)+y', regex: true, path: 'huge.txt' };
  const bounds = { fileMaxBytes: 1_000_000 };

  it('is stopped with the call, blocks nobody meanwhile, and leaves a thread for the next', async () => {
    const stop = AbortSignal.timeout(300);
    let beats = 0;
    const heart = setInterval(() => beats++, 10);
    const startedAt = performance.now();
    await expect(tool.execute(tool.input.parse(catastrophe), { ...toolContext(workspace, bounds), signal: stop })).rejects.toMatchObject({ name: 'TimeoutError' });
    clearInterval(heart);
    expect(performance.now() - startedAt).toBeLessThan(5_000);
    expect(beats).toBeGreaterThan(3);
    expect(await call({ query: 'TODO', path: 'src' })).toContain('4 matches');
  });

  it('does not keep later searches waiting beyond its own end', async () => {
    const signal = AbortSignal.timeout(200);
    const stuck = tool.execute(tool.input.parse(catastrophe), { ...toolContext(workspace, bounds), signal }).catch((error: Error) => error.name);
    const waiting = call({ query: 'TODO', path: 'src' });
    expect(await stuck).toBe('TimeoutError');
    expect(await waiting).toContain('4 matches');
  });

  it('lets go of whoever gives up while still waiting for a thread', async () => {
    const signal = AbortSignal.timeout(300);
    const stuck = tool.execute(tool.input.parse(catastrophe), { ...toolContext(workspace, bounds), signal }).catch((error: Error) => error.name);
    const impatient = tool.execute(tool.input.parse({ query: 'TODO' }), { ...toolContext(workspace), signal: AbortSignal.timeout(50) });
    await expect(impatient).rejects.toMatchObject({ name: 'TimeoutError' });
    await stuck;
  });

  it('is refused when too many wait already (I8)', async () => {
    limits.change({ 'search.maxQueued': 1 });
    const waiting = [1, 2, 3, 4].map(() => call({ query: 'TODO', path: 'src' }));
    const outcomes = await Promise.allSettled(waiting);
    limits.change({ 'search.maxQueued': 1_000 });
    expect(outcomes.some((outcome) => outcome.status === 'rejected' && outcome.reason.code === 'limit_reached')).toBe(true);
    expect(outcomes.some(({ status }) => status === 'fulfilled')).toBe(true);
  });
});

it.each([256 * 1024 - 1, 256 * 1024, 256 * 1024 + 1, 600_000, 1_000_000])('searches a file of %p bytes to its end', async (size) => {
  await folder.write('large/file.txt', `${'x'.repeat(size - 8)}last-one`);
  await folder.write('large/next.txt', 'last-one in a small file after a large one');
  expect(await call({ query: 'last-one', path: 'large' }, { fileMaxBytes: 1_000_000 })).toContain('2 matches in 2 files (2 files searched)');
  expect(await call({ query: 'last-one', path: 'large' }, { fileMaxBytes: size - 1 })).toContain('1 match in 1 file (1 file searched, 1 too large file left out)');
});

it('does not read a file with a further hard link', async () => {
  await link(join(folder.path, 'blank.txt'), join(folder.path, 'second-name.txt'));
  expect(await call({ query: '^$', regex: true, glob: '{blank,second-name}.txt' })).toContain('2 entries not readable');
});

it('tells the first match again with the next count, in case it came too soon after another progress', async () => {
  const folder = await createTestWorkspace();
  for (let index = 0; index < 1_001; index++) await folder.write(`f${String(index).padStart(4, '0')}.txt`, index === 10 ? 'needle' : 'hay');
  const progress: string[] = [];
  const walk = { root: (await Workspace.open(folder.path)).root, start: '', includeIgnored: false, maxFiles: 10_000 };
  runJob({ kind: 'search', walk, pattern: { query: 'needle', isRegex: false, isCaseSensitive: true }, contextLines: 0, maxLines: 10, maxFileBytes: 1_000 }, (text) => progress.push(text));
  expect(progress).toEqual(['first match: f0010.txt:1: needle', '1000 files searched, 1 matches so far; first match: f0010.txt:1: needle']);
  await folder.remove();
});
