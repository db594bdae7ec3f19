import { chown } from 'node:fs/promises';
import { getuid } from 'node:process';
import type { OnApplicationShutdown } from '@nestjs/common';
import { SystemClock } from '../../../src/common/index.js';
import type { LimitValues } from '../../../src/limits/index.js';
import { readSandboxLimits, type Sandbox, type SandboxLimits, type SandboxRequest } from '../../../src/tools/index.js';
import { createSandbox } from '../../../src/tools/sandbox/create-sandbox.js';
import { FixedLimits } from '../streaming/fixed-limits.js';
import { createTestWorkspace, type TestWorkspace } from '../test-workspace.js';

/** Another one than servers use, so that a server on the same machine is not disturbed. */
export const SANDBOX_USER = { uid: 60_901, gid: 60_901 };

const made: Partial<OnApplicationShutdown>[] = [];
afterAll(() => Promise.all(made.map((sandbox) => sandbox.onApplicationShutdown?.())));

export async function makeSandbox(limits: Partial<LimitValues> = {}): Promise<Sandbox> {
  const sandbox: Sandbox & Partial<OnApplicationShutdown> = await createSandbox({ kind: 'bubblewrap', user: SANDBOX_USER, toolPaths: [] }, new FixedLimits(limits), new SystemClock());
  made.push(sandbox);
  return sandbox;
}

const { availability } = await makeSandbox();
if (!availability.isAvailable) process.stderr.write(`Suites that need the sandbox are skipped. ${availability.reason}\n`);

/** For what needs a machine on which commands can be confined. */
export const describeWithSandbox = availability.isAvailable ? describe : describe.skip;

export function sandboxLimits(chosen: Partial<SandboxLimits> = {}): SandboxLimits {
  const limits = new FixedLimits();
  return { ...readSandboxLimits((key) => limits.value(key), 20_000), ...chosen };
}

/** A folder that belongs to the user commands run as. */
export async function createSandboxWorkspace(files: Readonly<Record<string, string>> = {}): Promise<TestWorkspace> {
  const workspace = await createTestWorkspace(files);
  if (getuid?.() === 0) await chown(workspace.path, SANDBOX_USER.uid, SANDBOX_USER.gid);
  return workspace;
}

export interface ShellResult {
  readonly output: string;
  readonly errors: string;
  readonly exitCode: number | null;
  readonly endedBy: string;
}

/** Runs a script for sh in the sandbox. */
export async function runScript(sandbox: Sandbox, workspace: TestWorkspace, script: string, request: Partial<SandboxRequest> = {}): Promise<ShellResult> {
  const { stdout, stderr, exitCode, endedBy } = await sandbox.run({
    workspace: workspace.path,
    command: ['sh', '-c', script],
    limits: sandboxLimits(),
    signal: new AbortController().signal,
    ...request,
  });
  return { output: stdout.bytes.toString('utf8'), errors: stderr.bytes.toString('utf8'), exitCode, endedBy };
}
