import { kill } from 'node:process';

/** Ends a process that was started as the first of a group of its own (`detached`), and all that it has started and that has not left the group. */
export function killGroup(pid: number | undefined): void {
  try {
    if (pid) kill(-pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error; // it has ended
  }
}
