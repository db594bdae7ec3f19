import { rm, stat } from 'node:fs/promises';
import type { OnApplicationShutdown } from '@nestjs/common';
import type { Clock } from '../../common/index.js';
import { bubblewrapCommand, sandboxEnvironment, type SandboxHost } from './bubblewrap-arguments.js';
import type { ControlGroup, ControlGroups } from './control-groups.js';
import { type Identity, identityFor, isRoot } from './identity.js';
import { findProtectedPaths } from './protected-paths.js';
import { SandboxProcess } from './sandbox-process.js';
import { type Sandbox, type SandboxAvailability, SandboxError, type SandboxOutcome, type SandboxRequest } from './sandbox.port.js';
import type { Turns } from './turns.js';

/** Joins the control groups whose process files come before `--`, then becomes the command after it. */
const JOIN_GROUPS = 'while [ "$1" != -- ]; do echo $$ >"$1" || exit 125; shift; done; shift; exec "$@"';

/**
 * Linux namespaces through bubblewrap: a root that holds programs and the one workspace, no network, no other processes, an ordinary
 * user, and bounds on everything. When bubblewrap ends, for whatever reason, the kernel ends all that runs in it.
 */
export class BubblewrapSandbox implements Sandbox, OnApplicationShutdown {
  constructor(
    readonly availability: SandboxAvailability,
    private readonly host: SandboxHost,
    private readonly groups: ControlGroups | null,
    /** Runs the commands in workspaces that belong to root, or are made for this. */
    private readonly user: Identity,
    private readonly turns: Turns,
    private readonly clock: Clock,
  ) {}

  get owner(): Identity | null {
    return isRoot() ? this.user : null;
  }

  async run(request: SandboxRequest): Promise<SandboxOutcome> {
    if (!this.availability.isAvailable) throw new SandboxError(this.availability.reason);
    if (!(await this.turns.take(request.signal))) throw new SandboxError('Too many commands are waiting on this server. Try again later.');
    try {
      return await this.start(request);
    } finally {
      this.turns.pass();
    }
  }

  async onApplicationShutdown(): Promise<void> {
    await rm(this.host.supportFolder, { recursive: true, force: true });
  }

  private async start(request: SandboxRequest): Promise<SandboxOutcome> {
    const paths = await findProtectedPaths(request.workspace, request.limits.maxProtectedPaths, request.signal);
    const identity = await identityFor(request.workspace, this.user);
    const { command, hiddenArguments } = bubblewrapCommand({ host: this.host, request, paths, identity, isPrivileged: isRoot() });
    const group = (await this.groups?.create(request.limits)) ?? null;
    try {
      const joined = group ? ['sh', '-c', JOIN_GROUPS, 'sh', ...group.processFiles, '--', ...command] : command;
      const outcome = await new SandboxProcess({ command: joined, hiddenArguments }, sandboxEnvironment(request.environment), request, this.clock).outcome();
      const isForeignWorkspace = isRoot() && (await stat(request.workspace)).uid === 0;
      return { ...(await noteMemory(outcome, group)), ...(isForeignWorkspace && { isForeignWorkspace }) };
    } finally {
      await group?.remove();
    }
  }
}

/** A kernel that ran out of the group's memory may have ended only one process; the command's own end then says little. */
async function noteMemory(outcome: SandboxOutcome, group: ControlGroup | null): Promise<SandboxOutcome> {
  if (outcome.endedBy !== 'exit' || outcome.exitCode === 0 || !(await group?.wasOutOfMemory())) return outcome;
  return { ...outcome, endedBy: 'memory', exitCode: null };
}
