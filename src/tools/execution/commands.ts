import { Inject, Injectable } from '@nestjs/common';
import { SANDBOX, type Sandbox, SandboxError, type SandboxOutcome, type SandboxRequest } from '../sandbox/sandbox.port.js';
import { ToolError } from '../tool-error.js';
import type { ToolContext } from '../tool.port.js';
import { TraversalThreads } from '../traversal/traversal-threads.js';

export interface CommandRequest extends Pick<SandboxRequest, 'command' | 'environment' | 'isReadOnly' | 'readOnlyPaths' | 'input'> {
  /** Folder to start in, as the model wrote it. */
  readonly folder: string;
  /** Less than the tool's own time. */
  readonly timeoutMs?: number;
}

export interface CommandResult {
  readonly exitCode: number;
  readonly output: string;
  readonly durationMs: number;
}

const FOREIGN_WORKSPACE = '\n[Commands cannot write in this workspace: its folder belongs to root, and nothing is run as root. Files can still be changed with the file tools.]';

/** Runs commands for tools, and notices whether they changed the workspace. */
@Injectable()
export class Commands {
  constructor(
    @Inject(SANDBOX) private readonly sandbox: Sandbox,
    private readonly threads: TraversalThreads,
  ) {}

  /** @throws ToolError when the command ran into a limit or could not be run; an exit code other than 0 is a result */
  async run({ folder, timeoutMs, ...request }: CommandRequest, context: ToolContext): Promise<CommandResult> {
    const { workspace, signal, onProgress } = context;
    const limits = { ...context.limits.sandbox, timeoutMs: Math.min(timeoutMs ?? Infinity, context.limits.sandbox.timeoutMs) };
    const isWorkspaceFull = request.isReadOnly ? undefined : workspace.watchQuota();
    const onOutput = (text: string): void => reportLastLine(text, onProgress);
    const run = (): Promise<SandboxOutcome> => this.sandbox.run({ ...request, workspace: workspace.root, folder: workspace.resolve(folder), limits, signal, onOutput, isWorkspaceFull });
    const outcome = await (request.isReadOnly ? run() : this.watchingForChanges(context, run)).catch(explainSandboxError);
    const output = outputOf(outcome) + (outcome.isForeignWorkspace && outcome.exitCode !== 0 ? FOREIGN_WORKSPACE : '');
    if (outcome.endedBy !== 'exit' || outcome.exitCode === null) throw limitError(outcome, limits, output);
    return { exitCode: outcome.exitCode, output, durationMs: outcome.durationMs };
  }

  private async watchingForChanges(context: ToolContext, run: () => Promise<SandboxOutcome>): Promise<SandboxOutcome> {
    const { workspace } = context;
    const before = await this.fingerprint(context);
    try {
      const outcome = await run();
      if ((await this.fingerprint(context)) !== before) workspace.noteChange();
      return outcome;
    } catch (error) {
      if (!(error instanceof SandboxError)) workspace.noteChange(); // stopped in the middle: it may have changed anything
      throw error;
    }
  }

  private async fingerprint({ workspace, limits, signal }: ToolContext): Promise<string> {
    const walk = { root: workspace.root, start: '', includeIgnored: false, maxFiles: limits.searchMaxFiles };
    return (await this.threads.run({ kind: 'fingerprint', walk }, { signal, onProgress: () => undefined })).digest;
  }
}

function outputOf({ stdout, stderr }: SandboxOutcome): string {
  return [stdout, stderr].map(({ bytes }) => bytes.toString('utf8')).filter(Boolean).join('\n').trimEnd();
}

function reportLastLine(text: string, onProgress: (text: string) => void): void {
  const line = text.trimEnd().split('\n').at(-1)?.trim();
  if (line) onProgress(line);
}

function explainSandboxError(error: unknown): never {
  if (error instanceof SandboxError) throw new ToolError('unavailable', error.message, { cause: error });
  throw error;
}

function limitError({ endedBy }: SandboxOutcome, { timeoutMs, maxOutputBytes, maxMemoryBytes }: SandboxRequest['limits'], output: string): ToolError {
  const seconds = Math.round(timeoutMs / 100) / 10;
  const reasons = {
    timeout: ['timeout', `The command and all it started were ended after ${seconds} s.`],
    output: ['too_large', `The command was ended because it put out more than ${maxOutputBytes} bytes.`],
    memory: ['out_of_memory', `The command was ended because it used up its ${maxMemoryBytes} bytes of memory.`],
    disk: ['no_space', 'The command was ended because too little space was left on the disk.'],
    quota: ['no_space', 'The command and all it started were ended because the workspace became larger than it may be, in bytes or in files and folders. Delete something first.'],
    exit: ['command_failed', 'The command ended in no way that is known.'],
  } as const;
  const [code, reason] = reasons[endedBy];
  return new ToolError(code, output === '' ? `${reason} It had put out nothing.` : `${reason} Until then it put out:\n${output}`);
}
