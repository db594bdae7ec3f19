import type { WorkspacePath } from '../workspace/workspace-path.js';

/** What one command may use. */
export interface SandboxLimits {
  readonly timeoutMs: number;
  readonly maxCpuSeconds: number;
  /** Of all processes together where control groups can be used, else of each. */
  readonly maxMemoryBytes: number;
  readonly maxProcesses: number;
  readonly maxOpenFiles: number;
  /** Largest file that may be written. */
  readonly maxFileBytes: number;
  /** Size of each of the folders in memory: /tmp, /dev/shm and the home. */
  readonly maxTemporaryBytes: number;
  /** Output that is kept, of standard output and standard error each. */
  readonly maxKeptOutputBytes: number;
  /** Output at which the command is ended. */
  readonly maxOutputBytes: number;
  /** Space that must stay free where the workspace is. */
  readonly minDiskFreeBytes: number;
  /** How often that is looked at. */
  readonly diskCheckMs: number;
  /** How often the size of the workspace is looked at. */
  readonly quotaCheckMs: number;
  /** Secret files and repositories that can be protected; a workspace with more is refused. */
  readonly maxProtectedPaths: number;
}

export interface SandboxRequest {
  /** Root of the workspace, absolute and with no link in it. It is `/workspace` for the command. */
  readonly workspace: string;
  /** Program and arguments; no shell reads them. */
  readonly command: readonly [string, ...string[]];
  /** Folder of the workspace to start in. Default: its root. */
  readonly folder?: WorkspacePath;
  readonly input?: string | Uint8Array;
  /** Added to the fixed environment of the sandbox. Nothing of the server's own is ever in it. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Lets the command write `.git`: for git operations of ours, never for what a model wrote. */
  readonly isGitWritable?: boolean;
  /** Makes the whole workspace read-only. */
  readonly isReadOnly?: boolean;
  /** Further folders or files that the command may read, under absolute paths of its own. */
  readonly readOnlyPaths?: readonly { readonly source: string; readonly target: string }[];
  readonly limits: SandboxLimits;
  /** Aborting kills every process of the command; `run` then rejects with the reason once they are gone. */
  readonly signal: AbortSignal;
  /** Asked now and then: true ends the command. */
  readonly isWorkspaceFull?: () => Promise<boolean>;
  /** Told of output as it comes, for progress. */
  readonly onOutput?: (text: string) => void;
}

/** What ended the command: itself, or a limit that it ran into. */
export type SandboxEnd = 'exit' | 'timeout' | 'output' | 'memory' | 'disk' | 'quota';

export interface SandboxOutcome {
  readonly endedBy: SandboxEnd;
  /** 128 and the signal's number for a command that a signal ended; null when a limit ended it. */
  readonly exitCode: number | null;
  readonly stdout: CapturedOutput;
  readonly stderr: CapturedOutput;
  readonly durationMs: number;
  /** The workspace belongs to root, as whom nothing is run: the command could only read what everybody may. */
  readonly isForeignWorkspace?: boolean;
}

export interface CapturedOutput {
  /** All of it, or its beginning and end around a line that says how much is missing. */
  readonly bytes: Buffer;
  readonly totalBytes: number;
  readonly isTruncated: boolean;
}

export type SandboxAvailability = { readonly isAvailable: true; readonly detail: string } | { readonly isAvailable: false; readonly reason: string };

/** Runs commands that nobody vouches for, so that they reach nothing but their workspace (I5). */
export interface Sandbox {
  /** Found out once, at boot. When it is not available, nothing is run at all. */
  readonly availability: SandboxAvailability;
  /** The user that commands run as in a workspace that is made for them; null when they run as the server itself. */
  readonly owner: { readonly uid: number; readonly gid: number } | null;
  /**
   * Waits for its turn, runs the command and waits until the last of its processes is gone.
   * @throws SandboxError when the command could not be started, the signal's reason when it aborts
   */
  run(request: SandboxRequest): Promise<SandboxOutcome>;
}

export const SANDBOX = Symbol('Sandbox');

export class SandboxError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'SandboxError';
  }
}
