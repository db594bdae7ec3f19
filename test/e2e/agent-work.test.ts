import { randomBytes } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { type GeminiEmulator, startGeminiEmulator, turn } from '../support/gemini-emulator/index.js';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { chownAll } from '../support/tools/chown-all.js';
import { createSandboxWorkspace, describeWithSandbox } from '../support/tools/test-sandbox.js';
import type { TestWorkspace } from '../support/test-workspace.js';

const BROKEN = {
  'package.json': JSON.stringify({ name: 'cart', type: 'module', scripts: { test: 'node --test' } }),
  'src/total.js': 'export function total(prices) {\n  return prices.reduce((sum, price) => sum - price, 0);\n}\n',
  'test/total.test.js':
    "import assert from 'node:assert';\nimport test from 'node:test';\nimport { total } from '../src/total.js';\n\ntest('adds up', () => assert.equal(total([1, 2, 3]), 6));\ntest('is 0 for nothing', () => assert.equal(total([]), 0));\n",
};

describeWithSandbox('an agent at work', () => {
  let gemini: GeminiEmulator;
  let workspace: TestWorkspace;
  let lomu: TestApp;

  beforeAll(async () => {
    gemini = await startGeminiEmulator();
    workspace = await createSandboxWorkspace(BROKEN);
    await chownAll(workspace.path);
    lomu = await startTestApp({ workspace, environment: gemini.environment });
  });
  afterAll(async () => {
    await lomu.close();
    await gemini.close();
    await workspace.remove();
  });
  beforeEach(() => gemini.reset());

  it('finds why a test fails, mends it and sees it pass; what it changed is shown and can be undone', async () => {
    gemini.script([
      turn().call('list_files', {}).call('run_tests', {}),
      turn().call('read_file', { path: 'src/total.js' }).call('read_file', { path: 'test/total.test.js' }),
      turn().call('edit_file', { path: 'src/total.js', oldText: 'sum - price', newText: 'sum + price' }),
      turn().call('run_tests', {}).call('run_command', { command: 'echo "- total() adds" > CHANGES.md' }),
      turn().text('total() subtracted; it adds now, and both tests pass.'),
    ]);
    const { started, events, terminal } = await lomu.client.run('Fix the failing test', { intent: 'fix' });

    expect(terminal).toMatchObject({ type: 'run.completed', data: { finishReason: 'stop' } });
    const results = events.filter(({ type, data }) => /^tool\.(succeeded|failed)$/.test(type) && data.name === 'run_tests');
    expect(results.map(({ type }) => type)).toEqual(['tool.failed', 'tool.succeeded']);
    expect(results[0]?.data.error).toMatchObject({ code: 'command_failed', message: expect.stringMatching(/^Tests failed: 1 passed, 1 failed/) });
    expect(results[1]?.data.output).toMatch(/^Tests succeeded: 2 passed, 0 failed/);
    expect(await workspace.read('src/total.js')).toContain('sum + price');
    expect(events.filter(({ type }) => type === 'run.phase').map(({ data }) => data.phase)).toContain('verifying');
    expect(events.filter(({ type }) => type === 'tool.failed')).toHaveLength(1);

    const diff = await lomu.client.get(`/api/chat/runs/${started.runId}/diff`);
    expect(diff.body.files).toMatchObject([{ path: 'CHANGES.md', change: 'added' }, { path: 'src/total.js', change: 'modified', additions: 1, deletions: 1 }]);
    expect(diff.body.diff).toContain('-  return prices.reduce((sum, price) => sum - price, 0);\n+  return prices.reduce((sum, price) => sum + price, 0);\n');
    const undo = await lomu.client.post(`/api/chat/runs/${started.runId}/undo`);
    expect(undo).toMatchObject({ status: 200, body: { restored: expect.arrayContaining(['CHANGES.md', 'src/total.js']) } });
    await expect(workspace.read('CHANGES.md')).rejects.toThrow('ENOENT');
    expect(await workspace.read('src/total.js')).toBe(BROKEN['src/total.js']);
  });

  it('leaves no process two seconds after it was cancelled', async () => {
    const mark = `8${randomBytes(3).readUIntBE(0, 3)}`;
    gemini.script([turn().call('run_command', { command: `setsid sleep ${mark} & nohup sleep ${mark} & echo started; sleep ${mark}` }), turn().text('never said')]);
    const { body: started } = await lomu.client.post('/api/chat/runs', { message: 'Wait for a while', intent: 'fix' });
    const events = lomu.client.events(started.eventsUrl).toTerminal();
    await waitUntil(async () => (await countOf(mark)) >= 3);
    const cancelledAt = performance.now();
    await lomu.client.post(`/api/chat/runs/${started.runId}/cancel`);
    expect((await events).at(-1)?.type).toBe('run.cancelled');
    await waitUntil(async () => (await countOf(mark)) === 0);
    expect(performance.now() - cancelledAt).toBeLessThan(2_000);
  });
});

/** Processes of this machine that have the mark in their command line. */
async function countOf(mark: string): Promise<number> {
  const lines = await Promise.all((await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map((name) => readFile(`/proc/${name}/cmdline`, 'utf8').catch(() => '')));
  return lines.filter((line) => line.startsWith('sleep') && line.includes(mark)).length;
}

async function waitUntil(holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 20));
}
