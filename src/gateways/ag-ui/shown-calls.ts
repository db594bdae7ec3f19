import type { RunEventData, SnapshotToolCall } from '../../streaming/index.js';
import type { AgUiEvent, Interrupt, ToolResultMetadata } from './ag-ui-event.js';
import { interruptOf } from './interrupts.js';
import { resultIdOf, toolCallIdOf } from './message-ids.js';

/** The tool calls of a run: each is told once and has one result, and some ask a person in between. */
export class ShownCalls {
  private readonly states = new Map<string, 'told' | 'answered'>();
  private readonly asked = new Map<string, Interrupt>();
  private readonly answeredIds = new Set<string>();
  private questionsToCome = 0;

  constructor(private readonly runId: string) {}

  /** Whether all is told that a person is asked. */
  get isWaiting(): boolean {
    return this.asked.size > 0 && this.questionsToCome === 0;
  }

  get interrupts(): readonly Interrupt[] {
    return [...this.asked.values()];
  }

  has(callId: string): boolean {
    return this.states.has(callId);
  }

  /** Not a second time: one that asked a person was told then. */
  tell({ callId, name, input }: { readonly callId: string; readonly name: string; readonly input?: unknown }, parentMessageId: () => string): AgUiEvent[] {
    if (this.states.has(callId)) return [];
    this.states.set(callId, 'told');
    const toolCallId = toolCallIdOf(this.runId, callId);
    return [
      { type: 'TOOL_CALL_START', toolCallId, toolCallName: name, parentMessageId: parentMessageId() },
      { type: 'TOOL_CALL_ARGS', toolCallId, delta: JSON.stringify(input ?? {}) },
      { type: 'TOOL_CALL_END', toolCallId },
    ];
  }

  ask(question: RunEventData['tool.approval_requested']): void {
    this.asked.set(question.callId, interruptOf(this.runId, question));
    this.questionsToCome = question.remaining ?? 0;
  }

  /** It runs, so whatever was asked about it is answered. */
  run(callId: string): void {
    this.asked.delete(callId);
  }

  /** All that was asked by now is answered, by these answers last: a snapshot may not know of them yet. */
  goOn(answeredCallIds: readonly string[]): void {
    this.asked.clear();
    for (const callId of answeredCallIds) this.answeredIds.add(callId);
  }

  result(callId: string, content: string, lomu: ToolResultMetadata['lomu']): AgUiEvent[] {
    this.asked.delete(callId);
    if (this.states.get(callId) === 'answered') return [];
    this.states.set(callId, 'answered');
    return [{ type: 'TOOL_CALL_RESULT', messageId: resultIdOf(this.runId, callId), toolCallId: toolCallIdOf(this.runId, callId), role: 'tool', content, metadata: { lomu } }];
  }

  /** A client takes a call without a result for one that it has to make itself. */
  end(): AgUiEvent[] {
    this.asked.clear();
    const open = [...this.states].flatMap(([callId, state]) => (state === 'told' ? [callId] : []));
    return open.flatMap((callId) => this.result(callId, 'The run ended first.', { ok: false, code: 'cancelled' }));
  }

  reset(calls: readonly SnapshotToolCall[]): void {
    this.states.clear();
    this.asked.clear();
    this.questionsToCome = 0;
    for (const call of calls) {
      this.states.set(call.callId, call.status === 'succeeded' || call.status === 'failed' ? 'answered' : 'told');
      if (call.status === 'waiting' && !this.answeredIds.has(call.callId)) this.asked.set(call.callId, interruptOf(this.runId, call));
    }
  }
}
