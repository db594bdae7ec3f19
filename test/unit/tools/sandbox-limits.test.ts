import { chown, mkdtemp, rm, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { getuid } from 'node:process';
import type { Sandbox, SandboxLimits } from '../../../src/tools/index.js';
import { createSandboxWorkspace, describeWithSandbox, makeSandbox, runScript, SANDBOX_USER, sandboxLimits } from '../../support/tools/test-sandbox.js';
import type { TestWorkspace } from '../../support/test-workspace.js';

const MEBIBYTE = 1024 * 1024;

/** Each limit at, below and above its value. */
describeWithSandbox('limits of a command', () => {
  let sandbox: Sandbox;
  let workspace: TestWorkspace;

  beforeAll(async () => {
    sandbox = await makeSandbox();
    workspace = await createSandboxWorkspace();
  });
  afterAll(() => workspace.remove());

  const run = (script: string, limits: Partial<SandboxLimits>) => runScript(sandbox, workspace, script, { limits: sandboxLimits(limits) });

  it('sandbox.maxFileBytes: the largest file', async () => {
    const script = 'for size in 9999 10000 10001; do head -c $size /dev/zero > f 2>/dev/null; stat -c %s f; rm f; done';
    expect((await run(script, { maxFileBytes: 10_000 })).output).toBe('9999\n10000\n10000\n');
  });

  it('sandbox.maxTemporaryBytes: each folder in memory', async () => {
    const script = 'for folder in /tmp /dev/shm $HOME; do for size in 1 2 3; do head -c ${size}M /dev/zero > $folder/f 2>/dev/null; stat -c %s $folder/f; rm $folder/f; done; done';
    const sizes = [1, 2, 2].map((size) => `${size * MEBIBYTE}\n`).join('');
    expect((await run(script, { maxTemporaryBytes: 2 * MEBIBYTE })).output).toBe(sizes.repeat(3));
  });

  it('sandbox.maxOpenFiles: descriptors of one process', async () => {
    const script = `node -e '
      const fs = require("fs");
      let last;
      try { for (;;) last = fs.openSync("/dev/null"); } catch (error) { fs.closeSync(last); console.log(last, error.code); }'`;
    // Descriptors are given out from 0 in order, so the last one says how many there may be.
    expect(await run(script, { maxOpenFiles: 128 })).toMatchObject({ errors: '', output: '127 EMFILE\n' });
    expect(await run(script, { maxOpenFiles: 129 })).toMatchObject({ errors: '', output: '128 EMFILE\n' });
  });

  it('sandbox.maxProcesses: processes of one command, and not those of another', async () => {
    const script = 'started=0; for n in 1 2 3 4 5 6 7 8 9 10 11 12; do (sleep 1 & ) 2>/dev/null; done; ls -d /proc/[0-9]* | wc -l';
    const [few, more] = await Promise.all([run(script, { maxProcesses: 8 }), run(script, { maxProcesses: 64 })]);
    expect(Number(more.output)).toBeGreaterThan(12);
    expect(Number(few.output || 0)).toBeLessThanOrEqual(9);
  });

  it('sandbox.maxCpuSeconds: processor time of one process', async () => {
    expect(await run('while :; do :; done', { maxCpuSeconds: 1, timeoutMs: 15_000 })).toMatchObject({ endedBy: 'exit', exitCode: 137 });
  });

  it('sandbox.maxMemoryBytes: memory', async () => {
    const script = (mebibytes: number) => `head -c ${mebibytes}M /dev/zero | tail -c ${mebibytes}M | wc -c`;
    const maxMemoryBytes = 64 * MEBIBYTE;
    expect((await run(script(16), { maxMemoryBytes })).output).toBe(`${16 * MEBIBYTE}\n`);
    expect((await run(script(128), { maxMemoryBytes })).output).not.toBe(`${128 * MEBIBYTE}\n`);
  });

  it('sandbox.minDiskFreeBytes: space that stays free', async () => {
    const { bavail, bsize } = await statfs(workspace.path);
    const script = 'n=0; while [ $n -lt 8 ]; do n=$((n+1)); head -c 16M /dev/zero > fill$n; sleep 0.05; done; echo all; rm fill*';
    const limits = { diskCheckMs: 20 };
    expect(await run(script, { ...limits, minDiskFreeBytes: 0 })).toMatchObject({ endedBy: 'exit', output: 'all\n' });
    expect(await run(script, { ...limits, minDiskFreeBytes: bavail * bsize + MEBIBYTE })).toMatchObject({ endedBy: 'disk', exitCode: null });
  });

  it('sandbox.quotaCheckMs: how soon it is noticed that the workspace is full, and the whole tree ended', async () => {
    const looks = async (quotaCheckMs: number, isFull: boolean) => {
      let count = 0;
      const isWorkspaceFull = async (): Promise<boolean> => {
        count++;
        return isFull;
      };
      const { endedBy } = await runScript(sandbox, workspace, 'sleep 0.5 & sleep 0.5; wait', { limits: sandboxLimits({ quotaCheckMs }), isWorkspaceFull });
      return { endedBy, count };
    };
    expect(await looks(50, true)).toEqual({ endedBy: 'quota', count: 1 });
    const often = await looks(50, false);
    expect(often).toMatchObject({ endedBy: 'exit' });
    expect(often.count).toBeGreaterThan(1);
    expect(await looks(60_000, true)).toEqual({ endedBy: 'exit', count: 0 });
  });

  it('sandbox.diskCheckMs: how soon it is noticed that the space has gone', async () => {
    const memory = await mkdtemp('/dev/shm/lomu-disk-'); // nobody else fills this one
    if (getuid?.() === 0) await chown(memory, SANDBOX_USER.uid, SANDBOX_USER.gid);
    const { bavail, bsize } = await statfs(memory);
    const request = (diskCheckMs: number) => ({ workspace: memory, limits: sandboxLimits({ diskCheckMs, minDiskFreeBytes: bavail * bsize - 8 * MEBIBYTE }) });
    const script = 'sleep 0.1; head -c 16M /dev/zero > fill; sleep 0.5; rm fill';
    expect(await runScript(sandbox, workspace, script, request(20))).toMatchObject({ endedBy: 'disk' });
    await rm(join(memory, 'fill'), { force: true });
    expect(await runScript(sandbox, workspace, script, request(20_000))).toMatchObject({ endedBy: 'exit', exitCode: 0 });
    await rm(memory, { recursive: true });
  });

  it('sandbox.selfTestTimeoutMs: a self-test that takes longer has failed', async () => {
    expect((await makeSandbox({ 'sandbox.selfTestTimeoutMs': 1 })).availability).toMatchObject({ isAvailable: false, reason: expect.stringContaining('(timeout)') });
    expect((await makeSandbox({ 'sandbox.selfTestTimeoutMs': 60_000 })).availability.isAvailable).toBe(true);
  });

  it('timeoutMs: a command that is quick enough, and one that is not', async () => {
    expect(await run('sleep 0.1', { timeoutMs: 15_000 })).toMatchObject({ endedBy: 'exit', exitCode: 0 });
    expect(await run('sleep 15', { timeoutMs: 200 })).toMatchObject({ endedBy: 'timeout', exitCode: null });
  });

  it('maxOutputBytes: the last byte that may be put out, and the first that may not', async () => {
    for (const [bytes, endedBy] of [[9_999, 'exit'], [10_000, 'exit'], [10_001, 'output']] as const) {
      expect(await run(`head -c ${bytes} /dev/zero; sleep 0.2`, { maxOutputBytes: 10_000 })).toMatchObject({ endedBy });
    }
  });

  it('maxKeptOutputBytes: what is kept whole, and what is not', async () => {
    for (const [bytes, isTruncated] of [[999, false], [1_000, false], [1_001, true]] as const) {
      const { stdout } = await sandbox.run({ workspace: workspace.path, command: ['head', '-c', String(bytes), '/dev/zero'], limits: sandboxLimits({ maxKeptOutputBytes: 1_000 }), signal: new AbortController().signal });
      expect(stdout).toMatchObject({ isTruncated, totalBytes: bytes });
    }
  });
});
