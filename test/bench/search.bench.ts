import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Workspace } from '../../src/tools/index.js';
import { SearchTextTool } from '../../src/tools/traversal/search-text.tool.js';
import { TraversalThreads } from '../../src/tools/traversal/traversal-threads.js';
import { FixedLimits } from '../support/streaming/fixed-limits.js';
import { callsOf, setUpRunner } from '../support/tools/runner-setup.js';
import { scriptedTool } from '../support/tools/scripted-tool.js';
import { toolContext } from '../support/tools/tool-context.js';

// Run by: npm test -- --testMatch '<rootDir>/test/bench/search.bench.ts'; BENCH_FILES=100000 for the large tree.
const FILES = Number(process.env.BENCH_FILES ?? 20_000);
const REPEATS = 9;
const WORDS = 'const function return import export await async value result error user total index files handler request response stream token limit'.split(' ');

const threads = new TraversalThreads(new FixedLimits());
const tool = new SearchTextTool(threads);
const hasRipgrep = spawnSync('rg', ['--version']).status === 0;
let root: string;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'lomu-search-bench-'));
  await makeTree(root);
}, 300_000);

afterAll(async () => {
  await threads.onApplicationShutdown();
  await rm(root, { recursive: true, force: true });
}, 60_000);

it.each([
  ['plain text', { query: 'TODO' }, ['-F', 'TODO']],
  ['any case', { query: 'todo', caseSensitive: false }, ['-iF', 'todo']],
  ['alternatives', { query: 'TODO|FIXME', regex: true }, ['TODO|FIXME']],
  ['no match', { query: 'function\\s+\\d+', regex: true }, ['function\\s+\\d+']],
])(
  `search_text over ${FILES} files against ripgrep: %s`,
  async (name, request, ripgrepArguments) => {
    const workspace = await Workspace.open(root);
    const search = (): Promise<string> => tool.execute(tool.input.parse(request), toolContext(workspace, { searchMaxFiles: 1_000_000, fileMaxBytes: 2_000_000 }));
    const ours = await medianMs(search);
    const theirs = hasRipgrep ? await medianMs(async () => spawnSync('rg', ['-n', '--hidden', ...ripgrepArguments, root], { maxBuffer: 1 << 28 })) : undefined;
    const found = (await search()).split('\n')[0];
    console.log(`${name}: ${ours.toFixed(0)} ms; ${theirs === undefined ? 'ripgrep is not installed' : `ripgrep ${theirs.toFixed(0)} ms, ratio ${(ours / theirs).toFixed(2)}`}; ${found}`);
    expect(found).toContain(`${FILES} files searched`);
  },
  120_000,
);

it('what a call costs over the time of its tool', async () => {
  const calls = 5_000;
  const { run } = await setUpRunner({ tools: [scriptedTool({ name: 'nothing' })] });
  await run(callsOf('nothing'));
  const startedAt = performance.now();
  for (let call = 0; call < calls; call++) await run(callsOf('nothing'));
  console.log(`one call through the runner: ${(((performance.now() - startedAt) * 1_000) / calls).toFixed(0)} µs`);
});

async function medianMs(action: () => Promise<unknown>): Promise<number> {
  await action(); // warm caches and threads
  const times: number[] = [];
  for (let repeat = 0; repeat < REPEATS; repeat++) {
    const startedAt = performance.now();
    await action();
    times.push(performance.now() - startedAt);
  }
  return times.sort((a, b) => a - b)[Math.floor(REPEATS / 2)] ?? NaN;
}

/** Source-like files of 1 to 10 KB in about FILES / 25 folders, one line in 2 000 with a TODO. */
async function makeTree(folder: string): Promise<void> {
  let seed = 1;
  const random = (): number => (seed = (seed * 1_103_515_245 + 12_345) & 0x7fffffff) / 0x7fffffff;
  const line = (): string => Array.from({ length: 7 }, () => WORDS[Math.floor(random() * WORDS.length)]).join(' ') + (random() < 0.0005 ? ' // TODO mend' : '');
  await mkdir(join(folder, '.git')); // ripgrep heeds .gitignore in repositories only
  await writeFile(join(folder, '.gitignore'), 'node_modules/\ndist\n*.log\n/build\n!keep.log\n.git\n');
  const folders = Math.ceil(FILES / 25);
  for (let index = 0; index < folders; index++) await mkdir(join(folder, `p${index % 40}/m${Math.floor(index / 40)}`), { recursive: true });
  for (let index = 0; index < FILES - 1; index++) {
    const place = index % folders;
    const lines = Array.from({ length: 20 + Math.floor(random() * 150) }, line).join('\n');
    await writeFile(join(folder, `p${place % 40}/m${Math.floor(place / 40)}/f${index}.ts`), lines);
  }
}
