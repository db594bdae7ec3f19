import { Inject, Injectable } from '@nestjs/common';
import { type Limits, LIMITS_READER } from '../../limits/index.js';
import { Metrics } from '../../metrics/index.js';
import type { ToolCallRequest, ToolCallResult } from '../../models/index.js';
import { type ToolCall, type ToolCallOutcome, ToolError, type ToolEvent, ToolRegistry, type ToolResult, ToolRunner } from '../../tools/index.js';
import { ApprovalGate } from '../approvals/approval-gate.js';
import { RunChanges } from '../changes/run-changes.js';
import { RunStore, type ToolOutcome } from '../runs/run-store.js';
import { enterPhase, type RunContext } from './run-context.js';
import { RunStopped } from './run-stopped.js';
import { ToolServices } from './tool-services.js';

export interface ToolStageResult {
  /** For the model, in the order of the calls. */
  readonly results: readonly ToolCallResult[];
  /** For the record. */
  readonly outcomes: readonly ToolOutcome[];
  /** For the detectors. */
  readonly toolResults: readonly ToolResult[];
}

/** Runs the tool calls of one answer and tells about each as it begins, goes on and ends. */
@Injectable()
export class ToolStage {
  constructor(
    private readonly runner: ToolRunner,
    private readonly registry: ToolRegistry,
    private readonly store: RunStore,
    private readonly metrics: Metrics,
    private readonly approvals: ApprovalGate,
    private readonly changes: RunChanges,
    private readonly services: ToolServices,
    @Inject(LIMITS_READER) private readonly limits: Limits,
  ) {}

  isReadOnly(name: string): boolean {
    return this.registry.isReadOnly(name);
  }

  /** @throws RunSuspended before any call has run, when a person has to be asked about one of them */
  async run(context: RunContext, calls: readonly ToolCallRequest[], signal: AbortSignal): Promise<ToolStageResult> {
    const refused = await this.approvals.pass(context, calls);
    const callsBefore = context.session.toolCalls + context.totals.toolCalls;
    const toolCallsLeft = Math.max(0, this.limits.of(context.limits, 'tool.maxPerSession') - callsBefore);
    const toolResults = await this.runner.runAll(calls, {
      workspace: context.workspace,
      signal,
      limits: context.limits,
      memory: context.toolMemory,
      services: this.services.of(context),
      session: { toolCallsLeft },
      onEvent: (event) => this.tell(context, event),
      decide: (call) => refused.get(call.callId) ?? outcomeLeftOpen(context, call) ?? this.review(context, call),
      beforeChange: (call) => this.announceChange(context, call.callId),
    });
    context.totals = { ...context.totals, toolCalls: context.totals.toolCalls + calls.length };
    return {
      toolResults,
      results: calls.map((call, index) => toCallResult(call, toolResults[index] as ToolResult)),
      outcomes: calls.map((call, index) => toOutcome(call, toolResults[index] as ToolResult)),
    };
  }

  /** What the monitor knows of a call before it is made: a read whose answer is known, or a call that cannot succeed. */
  private review({ monitor, workspace }: RunContext, { name, input }: ToolCall): ToolCallOutcome | undefined {
    const planned = { name, input, readOnly: this.registry.isReadOnly(name), answersFromWorkspace: this.registry.answersFromWorkspace(name) };
    const verdict = monitor.review(planned, workspace.epoch);
    if (verdict.verdict === 'run') return undefined;
    return verdict.verdict === 'remembered' ? { ok: true, output: verdict.output } : { ok: false, error: new ToolError('repeated_call', verdict.reason) };
  }

  /** @throws RunStopped when the run is no longer ours: the change is then not made (I4, I7) */
  private async announceChange(context: RunContext, callId: string): Promise<void> {
    await this.changes.watch(context);
    if (!(await this.store.markToolStarted(context.fence, callId))) throw new RunStopped('lost_lease', 'another instance has taken the run over');
  }

  private tell(context: RunContext, event: ToolEvent): void {
    switch (event.type) {
      case 'called':
        enterPhase(context, this.registry.phaseOf(event.name));
        context.writer.append({ type: 'tool.called', data: { callId: event.callId, name: event.name, input: event.input, readOnly: event.readOnly } });
        return;
      case 'progress':
        context.writer.append({ type: 'tool.progress', data: { callId: event.callId, text: event.text } });
        return;
      case 'finished':
        this.tellEnd(context, event.callId, event.name, event.result);
    }
  }

  private tellEnd(context: RunContext, callId: string, name: string, result: ToolResult): void {
    const durationMs = Math.round(result.durationMs);
    this.metrics.recordToolCall({ name, durationMs, errorCode: result.ok ? null : result.code });
    if (result.ok) context.writer.append({ type: 'tool.succeeded', data: { callId, name, output: result.output, truncated: result.truncated, durationMs } });
    else context.writer.append({ type: 'tool.failed', data: { callId, name, error: { code: result.code, message: result.output }, durationMs } });
  }
}

/** A change that had begun when the run was left may have been made: the model has to look (I4). */
function outcomeLeftOpen({ openStep }: RunContext, { callId }: ToolCall): ToolCallOutcome | undefined {
  if (!openStep?.unknown.has(callId)) return undefined;
  return { ok: false, error: new ToolError('outcome_unknown', 'The server stopped while this call was made. It may have taken effect: look before you repeat it.') };
}

function toCallResult(call: ToolCallRequest, result: ToolResult): ToolCallResult {
  return { callId: call.callId, name: call.name, ok: result.ok, output: result.output };
}

function toOutcome(call: ToolCallRequest, result: ToolResult): ToolOutcome {
  return {
    callId: call.callId,
    status: result.ok ? 'succeeded' : 'failed',
    output: result.output,
    isTruncated: result.truncated,
    outputRef: result.outputRef,
    errorCode: result.ok ? null : result.code,
    durationMs: Math.round(result.durationMs),
  };
}
