import type { LimitValues } from '../../../src/limits/index.js';
import { type PerRunCap, type ToolResult, Workspace } from '../../../src/tools/index.js';
import { ConsultArchitectTool } from '../../../src/tools/assistance/consult-architect.tool.js';
import { RunCommandTool } from '../../../src/tools/execution/run-command.tool.js';
import { RunTestsTool } from '../../../src/tools/execution/run-tests.tool.js';
import { ReadFileTool } from '../../../src/tools/files/read-file.tool.js';
import { WorkspaceService } from '../../../src/tools/projects/workspace.service.js';
import { UnavailableSandbox } from '../../../src/tools/sandbox/unavailable.sandbox.js';
import { ListFilesTool } from '../../../src/tools/traversal/list-files.tool.js';
import { SearchTextTool } from '../../../src/tools/traversal/search-text.tool.js';
import { TraversalThreads } from '../../../src/tools/traversal/traversal-threads.js';
import { FetchUrlTool } from '../../../src/tools/web/fetch-url.tool.js';
import { FakeClock } from '../../support/fake-clock.js';
import { FixedLimits } from '../../support/streaming/fixed-limits.js';
import { createTestWorkspace, type TestWorkspace } from '../../support/test-workspace.js';
import { callsOf, setUpRunner } from '../../support/tools/runner-setup.js';
import { scriptedTool } from '../../support/tools/scripted-tool.js';

const TIMEOUT_CLASSES = ['read', 'search', 'edit', 'command', 'test', 'mcp', 'architect', 'default'] as const;

const codeOf = (result: ToolResult | undefined): string => (result?.ok ? 'ok' : (result?.code ?? 'none'));

describe('one call', () => {
  it.each(TIMEOUT_CLASSES)('tool.timeoutMs.%s: ends a call of its class at that time and not before', async (timeoutClass) => {
    const clock = new FakeClock();
    const tool = { ...scriptedTool({ name: 'work', execute: ({ signal }) => clock.sleep(5_000, signal).then(() => 'done') }), timeoutClass };
    const within = async (timeoutMs: number): Promise<string> => {
      const { run } = await setUpRunner({ clock, tools: [tool], limits: { [`tool.timeoutMs.${timeoutClass}`]: timeoutMs } });
      const results = run(callsOf('work'));
      await clock.advance(10_000);
      return codeOf((await results)[0]);
    };
    expect(await within(4_999)).toBe('timeout');
    expect(await within(5_001)).toBe('ok');
    expect(clock.pendingTimers).toBe(0);
  });

  it('tool.maxInputBytes: counts the input as JSON in UTF-8', async () => {
    const { run } = await setUpRunner({ tools: [scriptedTool({ name: 'talk' })], limits: { 'tool.maxInputBytes': 300 } });
    const frame = Buffer.byteLength(JSON.stringify({ text: '' }));
    const results = await run([299, 300, 301].map((bytes) => ({ callId: `${bytes}`, name: 'talk', input: { text: `é${'x'.repeat(bytes - frame - 2)}` } })));
    expect(results.map(codeOf)).toEqual(['ok', 'ok', 'too_large']);
  });

  it('tool.maxOutputBytes: what fits is shown whole, one byte more is cut to fit', async () => {
    const said = (bytes: number) => scriptedTool({ name: `say_${bytes}`, execute: async () => 'x'.repeat(bytes) });
    const { run } = await setUpRunner({ tools: [999, 1_000, 1_001].map(said), limits: { 'tool.maxOutputBytes': 1_000 } });
    const results = await run(callsOf('say_999', 'say_1000', 'say_1001'));
    expect(results.map(({ truncated }) => truncated)).toEqual([false, false, true]);
    expect(results.map(({ output }) => Buffer.byteLength(output) <= 1_000)).toEqual([true, true, true]);
  });

  it('tool.outputStoreBytes: holds that many bytes, the newest', async () => {
    const { outputs } = await setUpRunner({ tools: [], limits: { 'tool.outputStoreBytes': 1_000 } });
    const first = outputs.keep('/w', 'a'.repeat(400)) ?? '';
    outputs.keep('/w', 'b'.repeat(600));
    expect(outputs.find('/w', first)).toBeDefined();
    outputs.keep('/w', 'c');
    expect(outputs.find('/w', first)).toBeUndefined();
    expect(outputs.keep('/w', 'd'.repeat(1_000))).not.toBeNull();
    expect(outputs.keep('/w', 'e'.repeat(1_001))).toBeNull();
  });
});

describe('calls at once', () => {
  it('tool.maxParallelReads: that many run side by side, the others after them', async () => {
    const most = async (maxParallelReads: number): Promise<number> => {
      let atWork = 0;
      let seen = 0;
      const execute = async (): Promise<string> => {
        seen = Math.max(seen, ++atWork);
        await new Promise((resolve) => setImmediate(resolve));
        atWork--;
        return 'read';
      };
      const { run } = await setUpRunner({ tools: [scriptedTool({ name: 'read', execute })], limits: { 'tool.maxParallelReads': maxParallelReads } });
      expect((await run(callsOf('read', 'read', 'read'))).map(codeOf)).toEqual(['ok', 'ok', 'ok']);
      return seen;
    };
    expect([await most(1), await most(2), await most(3), await most(4)]).toEqual([1, 2, 3, 3]);
  });
});

describe('files', () => {
  let folder: TestWorkspace;
  let workspace: Workspace;

  beforeAll(async () => {
    folder = await createTestWorkspace({ 'a.txt': 'x'.repeat(2_000), 'b/one.txt': 'word\nword\nword\n', 'b/two.txt': 'none\n', 'b/three.txt': 'none\n' });
    workspace = await Workspace.open(folder.path);
  });
  afterAll(() => folder.remove());

  /** One real call of a real tool, under these limits. */
  async function call(name: string, input: object, limits: Partial<LimitValues>): Promise<ToolResult> {
    const threads = new TraversalThreads(new FixedLimits(limits));
    try {
      const { run } = await setUpRunner({ tools: [new ReadFileTool(), new SearchTextTool(threads), new ListFilesTool(threads)], workspace, limits });
      return (await run([{ callId: 'a', name, input }]))[0] as ToolResult;
    } finally {
      await threads.onApplicationShutdown();
    }
  }

  it('file.maxBytes: a file of that size is read, one byte more is refused', async () => {
    const read = async (maxBytes: number): Promise<string> => codeOf(await call('read_file', { path: 'a.txt' }, { 'file.maxBytes': maxBytes }));
    expect([await read(2_001), await read(2_000), await read(1_999)]).toEqual(['ok', 'ok', 'too_large']);
  });

  it('search.maxMatches: that many lines are shown; all are counted', async () => {
    for (const [maxMatches, shown] of [[2, 2], [3, 3], [4, 3]] as const) {
      const { output } = await call('search_text', { query: 'word', path: 'b' }, { 'search.maxMatches': maxMatches });
      expect(output).toContain('3 matches');
      expect(output.match(/^ +\d+: word$/gm)).toHaveLength(shown);
    }
  });

  it('search.maxFiles: a listing and a search end there and say so', async () => {
    for (const [maxFiles, isWhole] of [[2, false], [3, true], [4, true]] as const) {
      const list = await call('list_files', { path: 'b' }, { 'search.maxFiles': maxFiles });
      const found = await call('search_text', { query: 'none', path: 'b' }, { 'search.maxFiles': maxFiles, 'search.threads': 1 });
      expect([list.output, found.output].map((output) => !output.includes('there are more files than one'))).toEqual([isWhole, isWhole]);
    }
  });

  it('search.threads and search.maxQueued: beyond those at work and those that wait, one is refused', async () => {
    const outcome = async (threadCount: number, maxQueued: number): Promise<string[]> => {
      const threads = new TraversalThreads(new FixedLimits({ 'search.threads': threadCount, 'search.maxQueued': maxQueued }));
      const job = { kind: 'list', walk: { root: workspace.root, start: workspace.resolve('b'), includeIgnored: false, maxFiles: 10 }, maxEntries: 10 } as const;
      const jobs = Array.from({ length: 4 }, () => threads.run(job, { signal: new AbortController().signal, onProgress: () => undefined }));
      const settled = await Promise.allSettled(jobs);
      await threads.onApplicationShutdown();
      return settled.map((result) => (result.status === 'fulfilled' ? 'ok' : String((result.reason as { code?: string }).code)));
    };
    expect(await outcome(1, 3)).toEqual(['ok', 'ok', 'ok', 'ok']);
    expect(await outcome(1, 2)).toEqual(['ok', 'ok', 'ok', 'limit_reached']);
    expect(await outcome(2, 1)).toEqual(['ok', 'ok', 'ok', 'limit_reached']);
  });
});

it('workspace.maxOpen: the least recently used is opened anew', async () => {
  const folders = await Promise.all([1, 2, 3].map(() => createTestWorkspace({})));
  const paths = new Map(folders.map(({ path }, index) => [`00000000-0000-7000-8000-00000000000${index}`, path]));
  const prisma = { project: { findFirst: async ({ where }: { where: { id: string } }) => ({ id: where.id, path: paths.get(where.id), isManaged: false }) } };
  const sharesAfterTwoOthers = async (maxOpen: number): Promise<boolean> => {
    const service = new WorkspaceService(prisma as never, {} as never, { of: () => ({}) } as never, {} as never, {} as never, {} as never, new FixedLimits({ 'workspace.maxOpen': maxOpen }), new UnavailableSandbox('not needed'), new FakeClock());
    const open = async (id: string): Promise<Workspace> => (await service.forProject('alice', id)).workspace;
    const [first, ...others] = [...paths.keys()] as [string, string, string];
    const before = await open(first);
    for (const id of others) await open(id);
    return before === (await open(first));
  };
  expect([await sharesAfterTwoOthers(2), await sharesAfterTwoOthers(3), await sharesAfterTwoOthers(4)]).toEqual([false, true, true]);
  await Promise.all(folders.map((folder) => folder.remove()));
});

describe('tool.maxPerRun', () => {
  const capped = (cap: PerRunCap) => ({ ...scriptedTool({ name: 'capped', readOnly: false }), cap });

  it.each(['tool.maxPerRun.command', 'tool.maxPerRun.test', 'tool.maxPerRun.fetch', 'tool.maxPerRun.architect'] as const)('%s: so many calls of a run are made, the others refused one by one', async (key) => {
    for (const most of [0, 2, 3, 4]) {
      const { run } = await setUpRunner({ tools: [capped(key), scriptedTool({ name: 'other' })], limits: { [key]: most } });
      const outcomes = [...(await run(callsOf('capped', 'other', 'capped'))), ...(await run(callsOf('capped', 'other')))].map((result) => (result.ok ? 'ran' : result.code));
      const made = outcomes.filter((outcome, index) => index !== 1 && index !== 4 && outcome === 'ran').length;
      expect([made, outcomes[1], outcomes[4]]).toEqual([Math.min(most, 3), 'ran', 'ran']);
    }
  });

  it.each([
    [RunCommandTool, 'tool.maxPerRun.command'],
    [RunTestsTool, 'tool.maxPerRun.test'],
    [FetchUrlTool, 'tool.maxPerRun.fetch'],
    [ConsultArchitectTool, 'tool.maxPerRun.architect'],
  ] as const)('%p is under %s', (toolClass, key) => {
    expect(new toolClass({} as never).cap).toBe(key);
  });
});
