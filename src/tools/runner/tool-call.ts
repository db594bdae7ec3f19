import type { LimitsSnapshot } from '../../limits/index.js';
import type { ToolError } from '../tool-error.js';
import type { ToolResult } from '../tool.port.js';
import type { Workspace } from '../workspace/workspace.js';
import type { RunMemory } from './run-memory.js';
import type { RunServices } from './run-services.js';

/** What the model asked for, unchecked. */
export interface ToolCall {
  /** Unique within the run. */
  readonly callId: string;
  readonly name: string;
  readonly input: unknown;
}

/** What became of a call, before it is made fit for the model. */
export type ToolOutcome = { readonly ok: true; readonly output: string } | { readonly ok: false; readonly error: ToolError };

/** What the calls of one iteration share. */
export interface ToolRunContext {
  readonly workspace: Workspace;
  /** Aborting ends every call at once, also those that do not listen. */
  readonly signal: AbortSignal;
  readonly limits: LimitsSnapshot;
  /** The same for every call of the run. */
  readonly memory: RunMemory;
  readonly services?: RunServices;
  /** Calls beyond these are refused. */
  readonly session: { readonly toolCallsLeft: number };
  /** Called in order for each call: `called`, any `progress`, `finished`. Must not throw. */
  readonly onEvent: (event: ToolEvent) => void;
  /** Asked just before a call is made: an outcome stands for the call, which is then not made. */
  readonly decide?: (call: ToolCall) => ToolOutcome | undefined;
  /**
   * Awaited before a tool that changes something starts, so that a crash leaves a trace of it (I4).
   * When it rejects, the tool is not started, no `finished` follows, and `runAll` rejects with the same error.
   */
  readonly beforeChange?: (call: ToolCall) => Promise<void>;
}

export type ToolEvent =
  | { readonly type: 'called'; readonly callId: string; readonly name: string; readonly input: unknown; readonly readOnly: boolean }
  | { readonly type: 'progress'; readonly callId: string; readonly text: string }
  | { readonly type: 'finished'; readonly callId: string; readonly name: string; readonly result: ToolResult };
