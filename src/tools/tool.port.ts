import type { z } from 'zod';
import type { LimitKey } from '../limits/index.js';
import type { ToolDecision } from './approvals/tool-policy.js';
import type { RunMemory } from './runner/run-memory.js';
import type { RunServices } from './runner/run-services.js';
import type { SandboxLimits } from './sandbox/sandbox.port.js';
import type { ToolErrorCode } from './tool-error.js';
import type { Workspace } from './workspace/workspace.js';

/** Which `tool.timeoutMs.*` limit holds. */
export type ToolTimeoutClass = 'read' | 'search' | 'edit' | 'command' | 'test' | 'mcp' | 'architect' | 'default';

export type PerRunCap = Extract<LimitKey, `tool.maxPerRun.${string}`>;

/** Something the agent can do. The runner validates, bounds, times and formats; `execute` only does the work. */
export interface Tool<Input = unknown> {
  /** snake_case, as the model calls it. */
  readonly name: string;
  /** For the model: what it does, when to use it, what comes back. */
  readonly description: string;
  readonly input: z.ZodType<Input>;
  /** JSON Schema that models are told instead of that of `input`, for a tool whose input another checks. */
  readonly inputSchema?: Readonly<Record<string, unknown>>;
  /** True when it changes nothing; such calls may run side by side and be repeated. */
  readonly readOnly: boolean;
  /** True when running it twice does no more than running it once. */
  readonly idempotent: boolean;
  /** True when its answer depends on nothing but its input and the files, so that it need not be asked again while those stay. Default false. */
  readonly answersFromWorkspace?: boolean;
  readonly timeoutClass: ToolTimeoutClass;
  /** The limit of its calls in one run; none when absent. */
  readonly cap?: PerRunCap;
  /** What happens with a call on which no policy has a say; `allow` when absent. */
  readonly approval?: ToolDecision;
  /** The phase that a run enters with it. Default: working. */
  readonly phase?: 'planning' | 'working' | 'verifying';
  /**
   * @returns what the model is to read
   * @throws ToolError for what the model should know and can act on; anything else is reported as an internal fault
   */
  execute(input: Input, context: ToolContext): Promise<string>;
}

export interface ToolContext {
  readonly workspace: Workspace;
  /** Aborts on cancel and on timeout. */
  readonly signal: AbortSignal;
  readonly limits: ToolLimits;
  /** Lasts as long as the run. */
  readonly memory: RunMemory;
  readonly services: RunServices;
  /** Shown to people while the call goes on. */
  readonly onProgress: (text: string) => void;
}

/** The values of the run's snapshot that tools look at. */
export interface ToolLimits {
  readonly fileMaxBytes: number;
  /** A file is large beyond either of these. */
  readonly fileLargeBytes: number;
  readonly fileLargeLines: number;
  /** Steps of a run in which the same part of an unchanged file is shown. */
  readonly fileMaxReadIterations: number;
  /** Parts of files a run remembers. */
  readonly fileReadCacheSize: number;
  readonly searchMaxMatches: number;
  readonly searchMaxFiles: number;
  /** What fits into one result; a tool that can page does so rather than have its middle cut out. */
  readonly outputMaxBytes: number;
  readonly fetchMaxBytes: number;
  readonly fetchMaxRedirects: number;
  readonly maxTasks: number;
  /** For what the tool executes; its time is a little less than the tool's own, so that what was put out until then is told. */
  readonly sandbox: SandboxLimits;
}

/** The same envelope for every call, whatever happened. */
export type ToolResult =
  | { readonly ok: true; readonly output: string; readonly truncated: boolean; readonly outputRef: string | null; readonly durationMs: number }
  | { readonly ok: false; readonly code: ToolErrorCode; readonly output: string; readonly truncated: boolean; readonly outputRef: string | null; readonly durationMs: number };
