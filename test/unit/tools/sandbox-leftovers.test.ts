import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SystemClock } from '../../../src/common/index.js';
import { processStartedAt } from '../../../src/database/index.js';
import { SandboxLeftovers } from '../../../src/tools/index.js';
import { describeServer, type ServerProcess } from '../../../src/tools/sandbox/server-process.js';

let directory: string;
const leftovers = new SandboxLeftovers(new SystemClock());

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'lomu-leftovers-'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

async function folder(name: string, owner?: ServerProcess, ageMs = 0): Promise<void> {
  await mkdir(join(directory, name));
  if (owner) await writeFile(join(directory, name, 'owner.json'), JSON.stringify(owner));
  const at = new Date(Date.now() - ageMs);
  await utimes(join(directory, name), at, at);
}

/** A process that was there and is not any more. */
async function endedProcess(): Promise<ServerProcess> {
  const child = spawn('sleep', ['60']);
  await once(child, 'spawn');
  const pid = child.pid as number;
  const owner = { ...describeServer(), pid, startedAt: processStartedAt(pid) };
  child.kill('SIGKILL');
  await once(child, 'close');
  return owner;
}

it('removes the folders of servers that are gone, and those of nobody when they are old', async () => {
  const gone = await endedProcess();
  await folder('lomu-sandbox-gone', gone);
  await folder('lomu-sandbox-reused', { ...describeServer(), startedAt: 'another boot:1' });
  await folder('lomu-sandbox-here', describeServer(), 90 * 86_400_000);
  await folder('lomu-sandbox-elsewhere', { ...gone, pidNamespace: 'pid:[1]' });
  await folder('lomu-sandbox-test-old', undefined, 3_601_000);
  await folder('lomu-sandbox-test-young', undefined, 3_590_000);
  await folder('another-folder', gone, 90 * 86_400_000);
  await symlink(join(directory, 'another-folder'), join(directory, 'lomu-sandbox-link'));
  expect(await leftovers.clean(10, directory)).toEqual({ rows: 3, hasMore: false });
  expect(await readdir(directory)).toEqual(['another-folder', 'lomu-sandbox-elsewhere', 'lomu-sandbox-here', 'lomu-sandbox-link', 'lomu-sandbox-test-young']);
  expect(await leftovers.clean(10, directory)).toEqual({ rows: 0, hasMore: false });
});

it('goes no further than its bound, and says that there is more', async () => {
  const gone = await endedProcess();
  for (const name of ['a', 'b', 'c']) await folder(`lomu-sandbox-${name}`, gone);
  expect(await leftovers.clean(2, directory)).toEqual({ rows: 2, hasMore: true });
  expect(await leftovers.clean(2, directory)).toEqual({ rows: 1, hasMore: false });
});
