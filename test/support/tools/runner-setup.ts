import { tmpdir } from 'node:os';
import { type Clock, SystemClock } from '../../../src/common/index.js';
import type { LimitValues } from '../../../src/limits/index.js';
import { type Tool, type ToolCall, type ToolEvent, RunMemory, ToolRegistry, type ToolResult, type ToolRunContext, ToolRunner, Workspace } from '../../../src/tools/index.js';
import { ResultEnvelope } from '../../../src/tools/runner/result-envelope.js';
import { ToolOutputStore } from '../../../src/tools/runner/tool-output-store.js';
import { FixedLimits } from '../streaming/fixed-limits.js';

interface Options {
  readonly tools: readonly Tool[];
  readonly clock?: Clock;
  readonly limits?: Partial<LimitValues>;
  readonly workspace?: Workspace;
}

export interface RunnerSetup {
  readonly runner: ToolRunner;
  readonly outputs: ToolOutputStore;
  /** What `onEvent` was told, over all runs. */
  readonly events: ToolEvent[];
  /** Aborts the runs. */
  readonly cancel: AbortController;
  run(calls: readonly ToolCall[], context?: Partial<ToolRunContext>): Promise<ToolResult[]>;
}

/** A runner on real parts, with a context that records its events. */
export async function setUpRunner({ tools, clock = new SystemClock(), limits = {}, workspace }: Options): Promise<RunnerSetup> {
  const reader = new FixedLimits(limits);
  const outputs = new ToolOutputStore(reader);
  const runner = new ToolRunner(new ToolRegistry(tools), new ResultEnvelope(reader, outputs), reader, clock);
  const events: ToolEvent[] = [];
  const cancel = new AbortController();
  const base: ToolRunContext = {
    workspace: workspace ?? (await Workspace.open(tmpdir())),
    signal: cancel.signal,
    limits: reader.snapshot(),
    memory: new RunMemory(),
    session: { toolCallsLeft: 100 },
    onEvent: (event) => events.push(event),
  };
  return { runner, outputs, events, cancel, run: (calls, context = {}) => runner.runAll(calls, { ...base, ...context }) };
}

/** Calls of the named tools with an input that scripted tools accept. */
export function callsOf(...names: string[]): ToolCall[] {
  return names.map((name, index) => ({ callId: `call-${index + 1}`, name, input: { text: name } }));
}
