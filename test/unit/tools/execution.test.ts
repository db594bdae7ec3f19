import { SystemClock } from '../../../src/common/index.js';
import { TraversalThreads } from '../../../src/tools/traversal/traversal-threads.js';
import { RunMemory, type ToolContext, Workspace } from '../../../src/tools/index.js';
import { CheckTypesTool } from '../../../src/tools/execution/check-types.tool.js';
import { Commands } from '../../../src/tools/execution/commands.js';
import { RunCommandTool } from '../../../src/tools/execution/run-command.tool.js';
import { RunTestsTool } from '../../../src/tools/execution/run-tests.tool.js';
import { WorkspaceQuota } from '../../../src/tools/workspace/workspace-quota.js';
import { FixedLimits } from '../../support/streaming/fixed-limits.js';
import { chownAll } from '../../support/tools/chown-all.js';
import { createSandboxWorkspace, describeWithSandbox, makeSandbox, sandboxLimits } from '../../support/tools/test-sandbox.js';
import { toolContext } from '../../support/tools/tool-context.js';
import type { TestWorkspace } from '../../support/test-workspace.js';

const BROKEN_PROJECT = {
  'package.json': JSON.stringify({ name: 'sample', type: 'module', scripts: { test: 'node --test' } }),
  'sum.js': 'export const sum = (a, b) => a - b;\n',
  'sum.test.js': "import test from 'node:test';\nimport assert from 'node:assert';\nimport { sum } from './sum.js';\ntest('adds', () => assert.equal(sum(2, 2), 4));\ntest('adds nothing', () => assert.equal(sum(2, 0), 2));\n",
};

describeWithSandbox('executing tools', () => {
  let threads: TraversalThreads;
  let commands: Commands;
  let folder: TestWorkspace;
  let workspace: Workspace;
  let context: ToolContext;

  beforeAll(async () => {
    threads = new TraversalThreads(new FixedLimits());
    commands = new Commands(await makeSandbox(), threads);
  });
  afterAll(() => threads.onApplicationShutdown());
  afterEach(() => folder.remove());

  const open = async (files: Record<string, string>): Promise<void> => {
    folder = await createSandboxWorkspace(files);
    await chownAll(folder.path);
    workspace = await Workspace.open(folder.path);
    context = toolContext(workspace, {}, { memory: new RunMemory() });
  };

  describe('run_command', () => {
    const command = (text: string, more: object = {}): Promise<string> => {
      const tool = new RunCommandTool(commands);
      return tool.execute(tool.input.parse({ command: text, ...more }), context);
    };

    it('shows both outputs in the order in which they came', async () => {
      await open({ 'src/a.txt': 'a' });
      expect(await command('echo one; echo two >&2; echo three; ls', { folder: 'src' })).toMatch(/^\[exit code 0, \d+ ms\]\none\ntwo\nthree\na\.txt$/);
      expect(await command('true')).toMatch(/\n\(no output\)$/);
    });

    it('reports a command that fails, with what it put out', async () => {
      await open({});
      await expect(command('echo reason; exit 7')).rejects.toMatchObject({ code: 'command_failed', message: expect.stringMatching(/^\[exit code 7, \d+ ms\]\nreason$/) });
      await expect(command('if then')).rejects.toMatchObject({ code: 'command_failed', message: expect.stringContaining('syntax error') });
    });

    it('raises the epoch when the workspace changed, and only then', async () => {
      await open({ 'a.txt': 'a', '.gitignore': 'ignored/\n' });
      const epochs: number[] = [];
      for (const text of ['ls', 'mkdir ignored; echo x > ignored/y', 'echo b > a.txt', 'echo b > a.txt; touch -d 2001-01-01 a.txt', 'cat a.txt', 'rm a.txt', 'echo x > t; rm t']) {
        await command(text);
        epochs.push(workspace.epoch);
      }
      expect(epochs).toEqual([0, 0, 1, 2, 2, 3, 3]);
    });

    describe('in a workspace with a quota', () => {
      const openSmall = async (files: Record<string, string>): Promise<void> => {
        await open(files);
        workspace = await Workspace.open(folder.path, { quota: new WorkspaceQuota(() => ({ maxFiles: 20, maxBytes: 100_000 }), new SystemClock()) });
        context = toolContext(workspace, { sandbox: sandboxLimits({ quotaCheckMs: 20 }) });
      };

      it.each([
        ['bytes', 'echo begun; (while :; do head -c 10000 /dev/zero >> big; done) & wait'],
        ['files and folders', 'echo begun; i=0; while :; do i=$((i+1)); mkdir "d$i" || exit 3; done'],
      ])('is ended with all it started when it makes that larger than it may be, in %s, and says so', async (_, text) => {
        await openSmall({ 'a.txt': 'a' });
        await expect(command(text)).rejects.toMatchObject({ code: 'no_space', message: expect.stringMatching(/workspace became larger than it may be[^]*begun$/) });
        expect(workspace.epoch).toBe(1);
        await expect(workspace.writeText('more.txt', 'x'.repeat(100_000), { maxBytes: 200_000, signal: context.signal })).rejects.toMatchObject({ code: 'no_space' });
      });

      it('may tidy one that is too large already, and may do what leaves room', async () => {
        await openSmall({ 'big.txt': 'x'.repeat(150_000), 'small.txt': 'x' });
        expect(await command('sleep 0.2; rm small.txt; sleep 0.1; ls')).toContain('big.txt');
        expect(await command('rm big.txt; head -c 90000 /dev/zero > fits; sleep 0.2; ls')).toContain('fits');
      });
    });

    it('counts a command that was stopped in the middle as a change', async () => {
      await open({});
      const stop = new AbortController();
      context = { ...context, signal: stop.signal, onProgress: () => stop.abort(new Error('cancelled')) };
      await expect(command('echo now; sleep 20')).rejects.toThrow('cancelled');
      expect(workspace.epoch).toBe(1);
    });

    it('tells what was put out before the time was up, and which limit it was', async () => {
      await open({});
      await expect(command('echo before; sleep 20', { timeoutMs: 400 })).rejects.toMatchObject({ code: 'timeout', message: expect.stringMatching(/ended after 0\.4 s\. .*\nbefore$/) });
      context = toolContext(workspace, { sandbox: sandboxLimits({ maxOutputBytes: 2_000, maxKeptOutputBytes: 1_024 }) });
      await expect(command('yes')).rejects.toMatchObject({ code: 'too_large', message: expect.stringContaining('more than 2000 bytes') });
    });

    it('shows progress by the last line', async () => {
      await open({});
      const progress: string[] = [];
      context = { ...context, onProgress: (text) => progress.push(text) };
      await command('printf "one\\ntwo\\n"');
      expect(progress.at(-1)).toBe('two');
    });
  });

  describe('run_tests', () => {
    const runTests = (input: object = {}): Promise<string> => {
      const tool = new RunTestsTool(commands);
      return tool.execute(tool.input.parse(input), context);
    };

    it('counts what failed and what passed, before and after a fix', async () => {
      await open(BROKEN_PROJECT);
      await expect(runTests()).rejects.toMatchObject({ code: 'command_failed', message: expect.stringMatching(/^Tests failed: 1 passed, 1 failed \(npm test --silent; exit code 1, \d+ ms\)\n/) });
      await folder.write('sum.js', 'export const sum = (a, b) => a + b;\n');
      expect(await runTests({ filter: ['sum.test.js'] })).toMatch(/^Tests succeeded: 2 passed, 0 failed \(npm test --silent -- sum\.test\.js; /);
    });

    it('says so when nothing tells how tests are run', async () => {
      await open({ 'a.txt': '' });
      await expect(runTests()).rejects.toMatchObject({ code: 'not_found' });
      expect(() => new RunTestsTool(commands).input.parse({ filter: ['--require=./evil.js'] })).toThrow('must not begin with -');
    });
  });

  describe('check_types', () => {
    const check = (input: object = {}): Promise<string> => {
      const tool = new CheckTypesTool(commands);
      return tool.execute(tool.input.parse(input), context);
    };
    const tsconfig = JSON.stringify({ compilerOptions: { strict: true, types: [], skipLibCheck: true, lib: ['es5'], incremental: true }, include: ['*.ts'] });

    it('lists all errors first, and then what is new and what is gone, wherever lines have moved', async () => {
      await open({ 'tsconfig.json': tsconfig, 'a.ts': 'export const a: number = "x";\nexport const b: string = 1;\n' });
      expect(await check()).toMatch(/^2 type errors:\na\.ts\(1,14\): error TS2322: .*\na\.ts\(2,14\): error TS2322: /);
      await folder.write('a.ts', '// moved\nexport const a: number = "x";\nexport const c: boolean = 1;\n');
      const delta = await check().catch((error: { code: string; message: string }) => `${error.code}: ${error.message}`);
      expect(delta).toMatch(/^command_failed: 2 type errors: 1 new, 1 as before, 1 gone since the last check\.\nNew:\na\.ts\(3,14\).*boolean.*\nAs before:\na\.ts\(2,14\).*\nGone:\na\.ts\(2,14\)/s);
      await folder.write('a.ts', 'export {};\n');
      expect(await check()).toMatch(/^No type errors: 0 new, 0 as before, 2 gone/);
      expect(await folder.read('a.ts')).toBe('export {};\n');
    });

    it('reports a project that cannot be checked', async () => {
      await open({});
      expect(await check()).toMatch(/^1 type error:\nerror TS5058: /);
    });
  });
});
