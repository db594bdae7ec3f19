import { readlinkSync } from 'node:fs';
import { pid } from 'node:process';
import { isRunning, processStartedAt } from '../../database/index.js';

/** A process of this machine, to be told from others that get its number later or have it in another container. */
export interface ServerProcess {
  readonly pid: number;
  readonly startedAt: string | null;
  /** The space in which the number means something. */
  readonly pidNamespace: string | null;
}

export function describeServer(): ServerProcess {
  return { pid, startedAt: processStartedAt(pid), pidNamespace: pidNamespace() };
}

/** Whether a process is gone for sure, as far as one can tell from here. */
export function hasEnded(other: ServerProcess, here: ServerProcess): boolean {
  return other.pidNamespace === here.pidNamespace && isRunning(other.pid, other.startedAt) === false;
}

function pidNamespace(): string | null {
  try {
    return readlinkSync('/proc/self/ns/pid');
  } catch {
    return null;
  }
}
