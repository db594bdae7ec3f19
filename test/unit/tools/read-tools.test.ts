import { type ToolContext, Workspace } from '../../../src/tools/index.js';
import { ReadFileTool } from '../../../src/tools/files/read-file.tool.js';
import { ReadOutputTool } from '../../../src/tools/files/read-output.tool.js';
import { WriteFileTool } from '../../../src/tools/files/write-file.tool.js';
import { ToolOutputStore } from '../../../src/tools/runner/tool-output-store.js';
import { FixedLimits } from '../../support/streaming/fixed-limits.js';
import { createTestWorkspace, type TestWorkspace } from '../../support/test-workspace.js';
import { toolContext } from '../../support/tools/tool-context.js';

let folder: TestWorkspace;
let workspace: Workspace;

beforeEach(async () => {
  folder = await createTestWorkspace({
    'three.txt': 'one\ntwo\r\nthree',
    'bom.txt': '\uFEFFone\n',
    'empty.txt': '',
    'long.txt': Array.from({ length: 1_000 }, (_, index) => `line number ${index + 1}`).join('\n'),
    'wide.txt': `${'x'.repeat(50_000)}\nend\n`,
  });
  workspace = await Workspace.open(folder.path);
});

afterEach(() => folder.remove());

describe('read_file', () => {
  const tool = new ReadFileTool();
  const call = (input: object, outputMaxBytes = 16_384) => tool.execute(tool.input.parse(input), toolContext(workspace, { outputMaxBytes }));

  it('numbers the lines and drops their ends', async () => {
    expect(await call({ path: 'three.txt' })).toBe('1\tone\n2\ttwo\n3\tthree');
  });

  it('shows a range', async () => {
    expect(await call({ path: 'three.txt', startLine: 2, endLine: 2 })).toBe('2\ttwo\n[lines 2 to 2 of 3; go on with startLine 3]');
    expect(await call({ path: 'three.txt', startLine: 2, endLine: 99 })).toBe('2\ttwo\n3\tthree');
  });

  it('refuses a range that is not there, saying what is', async () => {
    await expect(call({ path: 'three.txt', startLine: 4 })).rejects.toMatchObject({ code: 'invalid_input', message: expect.stringContaining('only 3 lines') });
    await expect(call({ path: 'three.txt', startLine: 3, endLine: 2 })).rejects.toMatchObject({ code: 'invalid_input' });
  });

  it('says that an empty file is empty, and shows no byte order mark', async () => {
    expect(await call({ path: 'empty.txt' })).toBe('empty.txt is empty.');
    expect(await call({ path: 'bom.txt' })).toBe('1\tone');
  });

  it('comes in pages that fit the output and lead from one to the next without a gap', async () => {
    const seen: string[] = [];
    for (let startLine: number | undefined = 1; startLine !== undefined; ) {
      const page: string = await call({ path: 'long.txt', startLine }, 4_096);
      expect(Buffer.byteLength(page)).toBeLessThanOrEqual(4_096);
      const next: RegExpExecArray | null = /go on with startLine (\d+)\]$/.exec(page);
      seen.push(...page.split('\n').filter((line) => !line.startsWith('[')));
      startLine = next ? Number(next[1]) : undefined;
    }
    expect(seen).toEqual(Array.from({ length: 1_000 }, (_, index) => `${index + 1}\tline number ${index + 1}`));
  });

  it('cuts a very long line and says so', async () => {
    const output = await call({ path: 'wide.txt' });
    expect(output).toContain('[48000 more characters in this line]');
    expect(output).toContain('2\tend');
  });
});

describe('reading the same again', () => {
  const tool = new ReadFileTool();
  let context: ToolContext;
  const read = (input: object): Promise<string> => {
    context.memory.step++;
    return tool.execute(tool.input.parse(input), context);
  };
  const outcomes = async (times: number, input: object): Promise<string[]> => {
    const results: string[] = [];
    for (let time = 0; time < times; time++) {
      const outcome = await read(input).catch((error: { code: string }) => error.code);
      results.push(outcome === 'limit_reached' ? 'refused' : outcome.includes('read it whole before') ? 'warned' : 'shown');
    }
    return results;
  };

  beforeEach(() => {
    context = toolContext(workspace, { fileLargeLines: 100 });
  });

  it('a large file is shown whole once, with a warning twice, and then no more until it changes', async () => {
    expect(await outcomes(4, { path: 'long.txt' })).toEqual(['shown', 'warned', 'refused', 'refused']);
    expect(await outcomes(1, { path: './long.txt', startLine: 1 })).toEqual(['refused']);
    expect(await outcomes(2, { path: 'long.txt', startLine: 5, endLine: 9 })).toEqual(['shown', 'shown']);
    await folder.write('long.txt', `${await folder.read('long.txt')}\nmore`);
    expect(await outcomes(2, { path: 'long.txt' })).toEqual(['shown', 'warned']);
  });

  it.each([
    ['file.largeLines', (size: number) => ({ fileLargeLines: size }), 1_000],
    ['file.largeBytes', (size: number) => ({ fileLargeBytes: size }), 15_892],
  ])('%s: a file of that size is not large, one that is larger is', async (_, limits, size) => {
    expect(Buffer.byteLength(await folder.read('long.txt'))).toBe(15_892);
    for (const [most, second] of [[size - 1, 'warned'], [size, 'shown'], [size + 1, 'shown']] as const) {
      context = toolContext(workspace, limits(most));
      expect((await outcomes(2, { path: 'long.txt' }))[1]).toBe(second);
    }
  });

  it('file.maxReadIterations: the same part is shown in that many steps, then no more until the file changes', async () => {
    context = toolContext(workspace, { fileMaxReadIterations: 2 });
    expect(await outcomes(3, { path: 'three.txt' })).toEqual(['shown', 'shown', 'refused']);
    expect(await outcomes(3, { path: 'three.txt', startLine: 2 })).toEqual(['shown', 'shown', 'refused']);
    await folder.write('three.txt', 'changed');
    expect(await outcomes(1, { path: 'three.txt' })).toEqual(['shown']);
  });

  it('file.maxReadIterations: counts steps, not the calls in one', async () => {
    context = toolContext(workspace, { fileMaxReadIterations: 1 });
    const twice = () => tool.execute({ path: 'three.txt' }, context);
    expect(await twice()).toBe(await twice());
  });

  it('file.readCacheSize: so many parts are remembered, the latest', async () => {
    const thirdOutcome = async (size: number): Promise<string | undefined> => {
      context = toolContext(workspace, { fileMaxReadIterations: 1, fileReadCacheSize: size });
      const paths = ['three.txt', 'bom.txt', 'three.txt'];
      const results: string[] = [];
      for (const path of paths) results.push(...(await outcomes(1, { path })));
      return results.at(-1);
    };
    expect([await thirdOutcome(1), await thirdOutcome(2), await thirdOutcome(3)]).toEqual(['shown', 'refused', 'refused']);
  });
});

describe('write_file', () => {
  const tool = new WriteFileTool();
  const call = (input: object) => tool.execute(tool.input.parse(input), toolContext(workspace));

  it('says whether it created, replaced or changed nothing', async () => {
    expect(await call({ path: 'new/file.txt', content: 'a\nb\n' })).toBe('Created new/file.txt (2 lines, 4 bytes).');
    expect(await call({ path: 'new/file.txt', content: 'ä' })).toBe('Replaced new/file.txt (1 lines, 2 bytes).');
    expect(await call({ path: './new//file.txt', content: 'ä' })).toBe('new/file.txt already holds exactly this; nothing was changed.');
  });
});

describe('read_output', () => {
  const outputs = new ToolOutputStore(new FixedLimits());
  const tool = new ReadOutputTool(outputs);
  const call = (input: object, outputMaxBytes = 500) => tool.execute(tool.input.parse(input), toolContext(workspace, { outputMaxBytes }));

  it('leads through the whole output in parts that fit, never splitting a character', async () => {
    const whole = 'aä€😀'.repeat(300);
    const outputRef = outputs.keep(workspace.root, whole);
    let text = '';
    for (let offset: number | undefined = 0; offset !== undefined; ) {
      const part: string = await call({ outputRef, offset });
      expect(Buffer.byteLength(part)).toBeLessThanOrEqual(500);
      text += part.slice(0, part.lastIndexOf('\n['));
      const next: RegExpExecArray | null = /go on with offset (\d+)\]$/.exec(part);
      offset = next ? Number(next[1]) : undefined;
    }
    expect(text).toBe(whole);
  });

  it('gets on even when asked for less than a character', async () => {
    const outputRef = outputs.keep(workspace.root, '😀😀');
    expect(await call({ outputRef, offset: 1, maxBytes: 1 })).toBe('😀\n[bytes 0 to 4 of 8; go on with offset 4]');
  });

  it('shows nothing of another workspace, and nothing behind the end', async () => {
    const foreign = outputs.keep('/another', 'secret');
    await expect(call({ outputRef: foreign })).rejects.toMatchObject({ code: 'not_found' });
    const own = outputs.keep(workspace.root, 'own');
    await expect(call({ outputRef: own, offset: 3 })).rejects.toMatchObject({ code: 'invalid_input' });
  });
});
