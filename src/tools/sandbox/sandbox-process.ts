import { type ChildProcess, spawn } from 'node:child_process';
import { statfs } from 'node:fs/promises';
import type { Readable, Writable } from 'node:stream';
import type { Clock } from '../../common/index.js';
import { killGroup } from '../kill-group.js';
import { ARGUMENTS_DESCRIPTOR, type BubblewrapCommand, READY_DESCRIPTOR } from './bubblewrap-arguments.js';
import { KeptOutput } from './kept-output.js';
import { type SandboxEnd, SandboxError, type SandboxOutcome, type SandboxRequest } from './sandbox.port.js';

/** Times as long as a look at the size of the workspace took, until the next. */
const PAUSE_PER_LOOK = 9;

/** One sandboxed command from its start until its last process is gone. */
export class SandboxProcess {
  private readonly stdout: KeptOutput;
  private readonly stderr: KeptOutput;
  private readonly child: ChildProcess;
  private readonly startedAtMs: number;
  private isReady = false;
  private isOver = false;
  private endedBy: SandboxEnd = 'exit';
  private cancelTimeout = (): void => undefined;
  private cancelDiskCheck = (): void => undefined;
  private cancelQuotaCheck = (): void => undefined;

  constructor(
    private readonly start: BubblewrapCommand,
    environment: Record<string, string>,
    private readonly request: SandboxRequest,
    private readonly clock: Clock,
  ) {
    this.stdout = new KeptOutput(request.limits.maxKeptOutputBytes);
    this.stderr = new KeptOutput(request.limits.maxKeptOutputBytes);
    this.startedAtMs = clock.monotonicMs();
    const [program = '', ...parameters] = start.command;
    this.child = spawn(program, parameters, { cwd: '/', env: environment, stdio: ['pipe', 'pipe', 'pipe', 'pipe', 'pipe'], detached: true });
  }

  /** @throws SandboxError when the command was never reached, the signal's reason when it was aborted */
  async outcome(): Promise<SandboxOutcome> {
    const { signal, limits } = this.request;
    const kill = (): void => this.kill();
    signal.addEventListener('abort', kill, { once: true });
    if (signal.aborted) kill();
    this.cancelTimeout = this.clock.schedule(() => this.end('timeout'), limits.timeoutMs);
    void this.watchDisk();
    this.scheduleQuotaCheck(limits.quotaCheckMs);
    this.connect();
    try {
      const { code, terminatedBy } = await this.closed();
      signal.throwIfAborted();
      if (!this.isReady && this.endedBy === 'exit') throw this.startError();
      return this.describe(terminatedBy === null ? code : null);
    } finally {
      this.cancelTimeout();
      this.cancelDiskCheck();
      this.cancelQuotaCheck();
      this.isOver = true;
      signal.removeEventListener('abort', kill);
    }
  }

  private connect(): void {
    const { input, onOutput } = this.request;
    const { stdin, stdout, stderr } = this.child;
    // A command that does not read its input closes it early; that is its own affair.
    stdin?.on('error', () => undefined).end(input);
    for (const [stream, kept] of [[stdout, this.stdout], [stderr, this.stderr]] as const) {
      stream?.on('data', (chunk: Buffer) => {
        kept.push(chunk);
        if (this.stdout.totalBytes + this.stderr.totalBytes > this.request.limits.maxOutputBytes) this.end('output');
        onOutput?.(chunk.toString('utf8'));
      });
    }
    const hidden = this.child.stdio[ARGUMENTS_DESCRIPTOR] as Writable;
    hidden.on('error', () => undefined).end(this.start.hiddenArguments.map((argument) => `${argument}\0`).join(''));
    const ready = this.child.stdio[READY_DESCRIPTOR] as Readable & Writable;
    ready.on('error', () => undefined).on('data', () => {
      this.isReady = true;
    });
  }

  /** Ended for good: its pipes close when no process holds them any more. */
  private closed(): Promise<{ readonly code: number | null; readonly terminatedBy: NodeJS.Signals | null }> {
    return new Promise((resolve, reject) => {
      this.child.once('error', (error) => reject(new SandboxError(`The sandbox could not be started: ${error.message}`, { cause: error })));
      this.child.once('close', (code, terminatedBy) => resolve({ code, terminatedBy }));
    });
  }

  private end(reason: SandboxEnd): void {
    if (this.endedBy !== 'exit') return;
    this.endedBy = reason;
    this.kill();
  }

  /**
   * Bubblewrap's end is the end of everything in it, but for a moment after it has forked: a child that still waits for its word
   * when it is killed waits for ever, and holds the pipes. Until it has bound itself to bubblewrap that child is in its group.
   */
  private kill(): void {
    killGroup(this.child.pid);
  }

  private async watchDisk(): Promise<void> {
    const { workspace, limits } = this.request;
    // A folder that cannot be looked at any more cannot be filled either.
    const space = await statfs(workspace).catch(() => null);
    if (this.isOver) return;
    if (space && space.bavail * space.bsize < limits.minDiskFreeBytes) this.end('disk');
    else this.cancelDiskCheck = this.clock.schedule(() => void this.watchDisk(), limits.diskCheckMs);
  }

  private scheduleQuotaCheck(delayMs: number): void {
    if (this.request.isWorkspaceFull) this.cancelQuotaCheck = this.clock.schedule(() => void this.checkQuota(), delayMs);
  }

  /** A large folder takes a while to count, so it is left alone for longer. */
  private async checkQuota(): Promise<void> {
    const startedAtMs = this.clock.monotonicMs();
    const isFull = await this.request.isWorkspaceFull?.().catch(() => false); // it cannot be looked at any more
    if (this.isOver) return;
    if (isFull) this.end('quota');
    else this.scheduleQuotaCheck(Math.max(this.request.limits.quotaCheckMs, PAUSE_PER_LOOK * (this.clock.monotonicMs() - startedAtMs)));
  }

  private describe(exitCode: number | null): SandboxOutcome {
    return {
      endedBy: this.endedBy,
      exitCode: this.endedBy === 'exit' ? exitCode : null,
      stdout: this.stdout.capture(),
      stderr: this.stderr.capture(),
      durationMs: Math.round(this.clock.monotonicMs() - this.startedAtMs),
    };
  }

  private startError(): SandboxError {
    return new SandboxError(`The sandbox could not be set up: ${this.stderr.capture().bytes.toString('utf8').trim() || 'it said nothing'}`);
  }
}
