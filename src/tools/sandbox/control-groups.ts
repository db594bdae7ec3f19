import { randomBytes } from 'node:crypto';
import { mkdir, readFile, rmdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { SandboxLimits } from './sandbox.port.js';

const MOUNT = '/sys/fs/cgroup';
const REMOVAL_ATTEMPTS = 20;
const REMOVAL_RETRY_MS = 25;

type Bounds = Pick<SandboxLimits, 'maxMemoryBytes' | 'maxProcesses'>;

/** Where groups of one kind are made, and which files of them bound and count. */
interface Hierarchy {
  readonly parent: string;
  readonly bounds: (limits: Bounds) => readonly (readonly [file: string, value: number])[];
  /** File with a line `oom_kill N`. */
  readonly killsFile?: string;
}

/** The processes of one command, counted and bounded together. */
export interface ControlGroup {
  /** Writing its number into each of these makes a process part of the group. */
  readonly processFiles: readonly string[];
  /** Whether the kernel ended a process because the memory of the group was used up. */
  wasOutOfMemory(): Promise<boolean>;
  /** Once all its processes are gone. */
  remove(): Promise<void>;
}

/** Groups below the server's own, so that what bounds the server bounds the commands too. */
export class ControlGroups {
  private constructor(private readonly hierarchies: readonly Hierarchy[]) {}

  /** @returns null where the server may not make groups with both bounds; limits of each process are then all there is */
  static async find(limits: Bounds): Promise<ControlGroups | null> {
    for (const hierarchies of await candidates()) {
      const groups = new ControlGroups(hierarchies);
      if (hierarchies.length > 0 && (await groups.works(limits))) return groups;
    }
    return null;
  }

  async create(limits: Bounds): Promise<ControlGroup> {
    const name = `lomu-${randomBytes(8).toString('hex')}`;
    const folders = this.hierarchies.map(({ parent }) => join(parent, name));
    const remove = async (): Promise<void> => {
      for (const folder of folders) await removeWhenEmpty(folder);
    };
    try {
      for (const [index, { bounds }] of this.hierarchies.entries()) {
        const folder = folders[index] as string;
        await mkdir(folder);
        for (const [file, value] of bounds(limits)) await writeFile(join(folder, file), String(value));
      }
    } catch (error) {
      await remove();
      throw error;
    }
    const killsFiles = this.hierarchies.flatMap(({ killsFile }, index) => (killsFile ? [join(folders[index] as string, killsFile)] : []));
    return {
      processFiles: folders.map((folder) => join(folder, 'cgroup.procs')),
      wasOutOfMemory: async () => (await Promise.all(killsFiles.map(readKills))).some((kills) => kills > 0),
      remove,
    };
  }

  private async works(limits: Bounds): Promise<boolean> {
    try {
      const group = await this.create(limits);
      await group.remove();
      return true;
    } catch {
      return false; // read-only, not ours, or without these controllers
    }
  }
}

/** Version 2 with both controllers handed down, or the two hierarchies of version 1. */
async function candidates(): Promise<Hierarchy[][]> {
  const memberships = await readFile('/proc/self/cgroup', 'utf8').catch(() => '');
  const pathOf = (controller: string): string | undefined => new RegExp(`^\\d+:(?:[^:]*,)?${controller}(?:,[^:]*)?:(.*)$`, 'm').exec(memberships)?.[1];
  const unified = /^0::(.*)$/m.exec(memberships)?.[1];
  const memory = pathOf('memory');
  const processes = pathOf('pids');
  const found: Hierarchy[][] = [];
  if (memory !== undefined && processes !== undefined) {
    found.push([
      { parent: await ownFolder('memory', memory), bounds: ({ maxMemoryBytes }) => [['memory.limit_in_bytes', maxMemoryBytes]], killsFile: 'memory.oom_control' },
      { parent: await ownFolder('pids', processes), bounds: ({ maxProcesses }) => [['pids.max', maxProcesses]] },
    ]);
  }
  if (unified !== undefined) {
    const bounds = ({ maxMemoryBytes, maxProcesses }: Bounds) => [['memory.max', maxMemoryBytes], ['memory.swap.max', 0], ['pids.max', maxProcesses]] as const;
    found.push([{ parent: await ownFolder('', unified), bounds, killsFile: 'memory.events' }]);
  }
  return found;
}

/** In a container the server's group is the top of what is mounted, whatever it is called outside. */
async function ownFolder(hierarchy: string, path: string): Promise<string> {
  const folder = join(MOUNT, hierarchy, path);
  return (await stat(folder).catch(() => null)) ? folder : join(MOUNT, hierarchy);
}

async function readKills(file: string): Promise<number> {
  const text = await readFile(file, 'utf8').catch(() => '');
  return Number(/^oom_kill (\d+)$/m.exec(text)?.[1] ?? 0);
}

/** The kernel may take a moment to let go of processes that have ended. */
async function removeWhenEmpty(folder: string): Promise<void> {
  for (let attempt = 0; ; attempt++) {
    try {
      await rmdir(folder);
      return;
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'ENOENT') return;
      if (code !== 'EBUSY' || attempt === REMOVAL_ATTEMPTS) throw error;
      await new Promise((resolve) => setTimeout(resolve, REMOVAL_RETRY_MS));
    }
  }
}
