import { setTimeout as sleep } from 'node:timers/promises';
import { SystemClock } from '../../../src/common/index.js';
import { SandboxProcess } from '../../../src/tools/sandbox/sandbox-process.js';
import { sandboxLimits } from '../../support/tools/test-sandbox.js';
import { createTestWorkspace, type TestWorkspace } from '../../support/test-workspace.js';

/** As bubblewrap is for a moment after it has forked: its child does not end with it, and holds the pipes. */
const FORKED = ['sh', '-c', 'sleep 600 & echo forked; wait'];

describe('a sandboxed command that is ended while bubblewrap starts', () => {
  let workspace: TestWorkspace;
  beforeEach(async () => {
    workspace = await createTestWorkspace();
  });
  afterEach(() => workspace.remove());

  const start = (signal: AbortSignal, timeoutMs: number, onOutput: () => void = () => undefined) => {
    const request = { workspace: workspace.path, command: ['true'] as const, limits: sandboxLimits({ timeoutMs }), signal, onOutput };
    return new SandboxProcess({ command: FORKED, hiddenArguments: [] }, { PATH: '/usr/bin:/bin' }, request, new SystemClock()).outcome();
  };

  it('is over when it is aborted', async () => {
    const aborting = new AbortController();
    const outcome = start(aborting.signal, 60_000, () => aborting.abort(new Error('stopped')));
    await expect(Promise.race([outcome, sleep(10_000, 'it waits', { ref: false })])).rejects.toThrow('stopped');
  });

  it('is over at its time limit', async () => {
    const outcome = start(new AbortController().signal, 100);
    expect(await Promise.race([outcome, sleep(10_000, 'it waits', { ref: false })])).toMatchObject({ endedBy: 'timeout', exitCode: null });
  });
});
