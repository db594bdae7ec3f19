import { chown, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pid } from 'node:process';
import type { Sandbox, SandboxLimits } from './sandbox.port.js';

/** Each line is printed when the promise before it is broken. */
const PROBES = `
[ "$(id -u)" != 0 ] || echo "commands run as root"
[ "$$" -lt 100 ] && [ ! -e /proc/$1 ] || echo "processes of the server can be seen"
[ "$(tail -n +3 /proc/net/dev | grep -vc '^ *lo:')" = 0 ] || echo "there is a network"
[ ! -e /etc/shadow ] && [ ! -e /root ] && [ ! -e "$2" ] || echo "files of the server can be seen"
for open in /proc/$$/fd/*; do case "$open" in */[012] | */10 | */255) ;; *) [ ! -e "$open" ] || echo "open files of the server are handed on" ;; esac; done
[ -z "$LOMU_SANDBOX_SELF_TEST" ] || echo "the environment of the server can be seen"
[ ! -s .env ] || echo "secret files can be read"
( : >.git/written ) 2>/dev/null && echo "the repository can be written"
( : >/written ) 2>/dev/null && echo "the root can be written"
( : >/usr/written ) 2>/dev/null && echo "programs can be written"
( : >written ) 2>/dev/null || echo "the workspace cannot be written"
grep -q "^Max processes *$3 " /proc/self/limits && ! grep -Eq '^Max (file size|cpu time|data size|processes) *unlimited' /proc/self/limits || echo "resources are not limited"
grep -q '^CapEff:[[:space:]]*0*$' /proc/self/status && grep -q '^NoNewPrivs:[[:space:]]*1$' /proc/self/status || echo "there are privileges"
echo end
`;

/**
 * Runs one command that tries what it must not be able to.
 * @returns what is wrong, or null
 */
export async function testSandbox(sandbox: Pick<Sandbox, 'run' | 'owner'>, limits: SandboxLimits): Promise<string | null> {
  const folder = await mkdtemp(join(tmpdir(), 'lomu-sandbox-test-'));
  try {
    await mkdir(join(folder, '.git'));
    await writeFile(join(folder, '.env'), 'SECRET=1');
    const { owner } = sandbox;
    if (owner) await Promise.all([folder, join(folder, '.git'), join(folder, '.env')].map((path) => chown(path, owner.uid, owner.gid)));
    const { stdout, stderr, endedBy } = await sandbox.run({
      workspace: folder,
      command: ['sh', '-c', PROBES, 'sh', String(pid), folder, String(limits.maxProcesses)],
      limits,
      signal: new AbortController().signal,
    });
    const lines = stdout.bytes.toString('utf8').trim().split('\n');
    if (lines.at(-1) !== 'end') return `its self-test did not get to the end (${endedBy}): ${stderr.bytes.toString('utf8').trim()}`;
    return lines.length === 1 ? null : lines.slice(0, -1).join('; ');
  } catch (error) {
    return (error as Error).message;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
