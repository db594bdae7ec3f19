import { chmod, chown, mkdir, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { getuid } from 'node:process';
import { SystemClock } from '../../../src/common/index.js';
import type { Sandbox } from '../../../src/tools/index.js';
import { createSandbox } from '../../../src/tools/sandbox/create-sandbox.js';
import { testSandbox } from '../../../src/tools/sandbox/self-test.js';
import { FixedLimits } from '../../support/streaming/fixed-limits.js';
import { chownAll } from '../../support/tools/chown-all.js';
import { createSandboxWorkspace, describeWithSandbox, makeSandbox, runScript, SANDBOX_USER, sandboxLimits } from '../../support/tools/test-sandbox.js';
import type { TestWorkspace } from '../../support/test-workspace.js';

const MEBIBYTE = 1024 * 1024;

describeWithSandbox('BubblewrapSandbox', () => {
  let sandbox: Sandbox;
  let workspace: TestWorkspace;

  beforeAll(async () => {
    sandbox = await makeSandbox();
  });
  beforeEach(async () => {
    workspace = await createSandboxWorkspace({ 'a.txt': 'hello' });
  });
  afterEach(() => workspace.remove());

  const run = (script: string, request = {}) => runScript(sandbox, workspace, script, request);

  it('runs a command in the workspace and tells both outputs and the exit code', async () => {
    expect(await run('cat a.txt; pwd; echo oops >&2; exit 3')).toEqual({ output: 'hello/workspace\n', errors: 'oops\n', exitCode: 3, endedBy: 'exit' });
  });

  it('gives it its input, a folder to start in and what was added to the environment', async () => {
    await mkdir(join(workspace.path, 'src'));
    const result = await run('cat; pwd; echo $ADDED', { input: 'given ', folder: 'src', environment: { ADDED: 'more' } });
    expect(result.output).toBe('given /workspace/src\nmore\n');
  });

  it('hands on nothing that the server has open', async () => {
    expect((await run('ls /proc/$$/fd')).output).toBe('0\n1\n2\n');
  });

  (getuid?.() === 0 ? it : it.skip)('only reads in a workspace that belongs to root, and says so', async () => {
    await chown(workspace.path, 0, 0);
    await chmod(workspace.path, 0o755);
    const { stdout, exitCode, isForeignWorkspace } = await sandbox.run({ workspace: workspace.path, command: ['sh', '-c', 'cat a.txt; id -u; echo no > a.txt'], limits: sandboxLimits(), signal: new AbortController().signal });
    expect([stdout.bytes.toString(), exitCode, isForeignWorkspace]).toEqual([`hello${SANDBOX_USER.uid}\n`, 2, true]);
  });

  it('goes on when a command closes its input unread', async () => {
    expect((await run('exec <&-; echo done', { input: 'x'.repeat(MEBIBYTE) })).output).toBe('done\n');
  });

  it('tells a command that a signal ended by its number', async () => {
    expect(await run('kill -9 $$')).toMatchObject({ exitCode: 137, endedBy: 'exit' });
  });

  it('lets the command write the workspace, and git only where it may', async () => {
    await mkdir(join(workspace.path, '.git'));
    await mkdir(join(workspace.path, 'packages/x/.git'), { recursive: true });
    const attempt = 'for f in new .git/config packages/x/.git/config; do ( echo text > $f ) 2>/dev/null && echo $f; done';
    await chownAll(workspace.path);
    expect((await run(attempt)).output).toBe('new\n');
    expect((await run(attempt, { isGitWritable: true })).output).toBe('new\n.git/config\npackages/x/.git/config\n');
    expect((await run(attempt, { isReadOnly: true })).output).toBe('');
  });

  it('shows an empty file for each secret one, but not for templates', async () => {
    for (const file of ['.env', '.env.local', 'deep/er/.ENV.production', '.env.example', '.environment']) await workspace.write(file, 'SECRET');
    const { output } = await run('find . -iname ".env*" -size +0 | sort');
    expect(output).toBe('./.env.example\n./.environment\n');
  });

  it('never mounts what a link named .git or .env leads to', async () => {
    const outside = await createSandboxWorkspace({ 'config': 'private' });
    await symlink(outside.path, join(workspace.path, '.git'));
    await symlink(join(outside.path, 'config'), join(workspace.path, '.env'));
    expect((await run('cat .git/config .env')).output).toBe('');
    await outside.remove();
  });

  it('mounts further paths for reading only', async () => {
    const source = await createSandboxWorkspace({ 'x.txt': 'source' });
    const result = await run('cat /source/x.txt; echo no > /source/x.txt', { readOnlyPaths: [{ source: source.path, target: '/source' }] });
    expect(result).toMatchObject({ output: 'source', exitCode: 2 });
    await source.remove();
  });

  it('says why a command could not be started at all', async () => {
    await expect(run('true', { readOnlyPaths: [{ source: '/does/not/exist', target: '/x' }] })).rejects.toMatchObject({ name: 'SandboxError', message: expect.stringContaining('/does/not/exist') });
    expect((await run('true', { command: ['no-such-program'] })).exitCode).toBe(127);
  });

  it('kills everything on a timeout and on a cancel', async () => {
    const script = 'setsid sleep 60 & (trap "" TERM HUP INT; sleep 60) & echo started; sleep 60';
    expect(await run(script, { limits: sandboxLimits({ timeoutMs: 300 }) })).toMatchObject({ endedBy: 'timeout', exitCode: null, output: 'started\n' });
    const stop = new AbortController();
    const reason = new Error('cancelled');
    await expect(run(script, { signal: stop.signal, onOutput: () => stop.abort(reason) })).rejects.toBe(reason);
    await expect(run('echo late > late.txt', { signal: stop.signal })).rejects.toBe(reason);
  });

  it('sandbox.maxKeptOutputBytes and sandbox.maxOutputBytes: keeps the beginning and the end of a long output, and ends a flood', async () => {
    const limits = sandboxLimits({ maxKeptOutputBytes: 1_000, maxOutputBytes: 100_000 });
    const { output } = await run('echo first; yes | head -c 50000; echo last', { limits });
    expect(output).toMatch(/^first\n(y\n)+\n\[\d+ of 50011 bytes were not kept\]\n[y\n]+last\n$/);
    expect(output.length).toBeLessThan(1_100);
    expect((await run('yes | head -c 1000', { limits })).output).toHaveLength(1_000);
    expect(await run('yes | head -c 100000', { limits })).toMatchObject({ exitCode: 0 });
    expect(await run('yes', { limits })).toMatchObject({ endedBy: 'output', exitCode: null });
  });

  it('sandbox.maxProtectedPaths: protects that many, and refuses a workspace with more', async () => {
    for (let index = 0; index < 3; index++) await workspace.write(`p${index}/.env`, 'x');
    for (const maxProtectedPaths of [3, 4]) expect((await run('echo ok', { limits: sandboxLimits({ maxProtectedPaths }) })).output).toBe('ok\n');
    await expect(run('echo ok', { limits: sandboxLimits({ maxProtectedPaths: 2 }) })).rejects.toMatchObject({ name: 'SandboxError', message: expect.stringContaining('more than 2') });
  });

  it('sandbox.maxConcurrent and sandbox.maxQueued: no more run at the same time, no more wait', async () => {
    const outcomes = async (maxQueued: number): Promise<string[]> => {
      const small = await makeSandbox({ 'sandbox.maxConcurrent': 1, 'sandbox.maxQueued': maxQueued });
      const attempts = await Promise.allSettled([1, 2, 3].map(() => runScript(small, workspace, script)));
      return attempts.map((attempt) => (attempt.status === 'fulfilled' ? attempt.value.output : (attempt.reason as Error).message));
    };
    const script = '[ ! -e busy ] || echo overlap; touch busy; sleep 0.1; rm busy; echo done';
    expect(await outcomes(1)).toEqual(['done\n', 'done\n', expect.stringContaining('Too many commands')]);
    expect(await outcomes(2)).toEqual(['done\n', 'done\n', 'done\n']);
  });

  it('does not let one that waits be run after it was given up on', async () => {
    const small = await makeSandbox({ 'sandbox.maxConcurrent': 1 });
    const stop = new AbortController();
    const first = runScript(small, workspace, 'sleep 0.3');
    const second = runScript(small, workspace, 'touch second', { signal: stop.signal });
    stop.abort(new Error('given up'));
    await expect(second).rejects.toThrow('given up');
    await first;
    expect((await runScript(small, workspace, 'ls')).output).toBe('a.txt\n');
  });

  it('is not available when its self-test does not succeed, runs nothing then, and says why', async () => {
    const broken = await createSandbox({ kind: 'bubblewrap', user: SANDBOX_USER, toolPaths: ['/does/not/exist'] }, new FixedLimits(), new SystemClock());
    expect(broken.availability).toMatchObject({ isAvailable: false, reason: expect.stringMatching(/\/does\/not\/exist.*Install bubblewrap/) });
    await expect(runScript(broken, workspace, 'true')).rejects.toMatchObject({ name: 'SandboxError' });
  });
});

describe('testSandbox', () => {
  const answering = (stdout: string): Pick<Sandbox, 'run' | 'owner'> => ({
    owner: null,
    run: async () => ({ endedBy: 'exit', exitCode: 0, durationMs: 1, stdout: captured(stdout), stderr: captured('no such thing') }),
  });
  const captured = (text: string) => ({ bytes: Buffer.from(text), totalBytes: text.length, isTruncated: false });

  it.each([
    ['end\n', null],
    ['there is a network\nthere are privileges\nend\n', 'there is a network; there are privileges'],
    ['there is a network\n', 'its self-test did not get to the end (exit): no such thing'],
    ['', 'its self-test did not get to the end (exit): no such thing'],
  ])('reads %j as %j', async (stdout, fault) => {
    expect(await testSandbox(answering(stdout), sandboxLimits())).toBe(fault);
  });
});
