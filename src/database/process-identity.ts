import { readFileSync } from 'node:fs';

/**
 * What tells a process from a later one with the same id: the boot of the machine and the start time within it,
 * field 22 of proc(5) stat. Null where there is no /proc.
 */
export function processStartedAt(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    const ticks = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
    return ticks === undefined ? null : `${boot}:${ticks}`;
  } catch {
    return null;
  }
}

/** Whether a process of this machine still runs; `unknown` when something runs under its id and nothing tells whether it is the same. */
export function isRunning(pid: number, startedAt: string | null): boolean | 'unknown' {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false;
  }
  const nowAtPid = processStartedAt(pid);
  return startedAt === null || nowAtPid === null ? 'unknown' : startedAt === nowAtPid;
}
