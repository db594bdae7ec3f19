import type { RunEvent, RunEventData, RunSnapshot, SnapshotToolCall } from './run-event.js';

/** A run of which nothing is known yet. */
export const EMPTY_SNAPSHOT: RunSnapshot = Object.freeze({
  status: 'queued',
  phase: 'thinking',
  intent: 'default',
  model: '',
  conversationId: '',
  message: { id: '', text: '' },
  reasoning: '',
  toolCalls: [],
  iteration: 0,
});

/** What a client would show after these events, continuing from a snapshot of the ones before. Pure. */
export function foldSnapshot(events: Iterable<RunEvent>, before: RunSnapshot = EMPTY_SNAPSHOT): RunSnapshot {
  let snapshot = before;
  for (const event of events) snapshot = foldEvent(snapshot, event);
  return snapshot;
}

function foldEvent(run: RunSnapshot, event: RunEvent): RunSnapshot {
  switch (event.type) {
    case 'run.snapshot':
      return event.data;
    case 'run.queued':
      return { ...run, status: 'queued' };
    case 'run.started': {
      const { conversationId, intent, model } = event.data;
      return { ...run, status: 'running', conversationId, intent, model };
    }
    case 'run.phase':
      return { ...run, phase: event.data.phase };
    case 'iteration.started':
      return { ...run, iteration: event.data.iteration };
    case 'text.delta':
      return { ...run, message: withText(run.message, event.data) };
    case 'text.discarded':
      return event.data.messageId === run.message.id ? { ...run, message: { ...run.message, text: '' }, reasoning: '' } : run;
    case 'reasoning.delta':
      return { ...run, reasoning: run.reasoning + event.data.text };
    case 'tool.called':
    case 'tool.approval_requested':
    case 'tool.succeeded':
    case 'tool.failed':
      return { ...run, toolCalls: withToolCall(run.toolCalls, event) };
    case 'run.completed':
      return { ...run, status: 'completed', phase: 'complete', message: event.data.message };
    case 'run.cancelled':
      return { ...run, status: 'cancelled', message: event.data.message };
    case 'run.failed':
      return { ...run, status: 'failed' };
    default:
      return run; // the rest tells how the run came about, not what it shows
  }
}

/** A delta of another message starts that one: a run shows one answer at a time. */
function withText(message: RunSnapshot['message'], delta: RunEventData['text.delta']): RunSnapshot['message'] {
  return { id: delta.messageId, text: message.id === delta.messageId ? message.text + delta.text : delta.text };
}

type ToolEvent = Extract<RunEvent, { type: 'tool.called' | 'tool.approval_requested' | 'tool.succeeded' | 'tool.failed' }>;

function withToolCall(calls: readonly SnapshotToolCall[], event: ToolEvent): readonly SnapshotToolCall[] {
  const { callId, name } = event.data;
  const change = toolCallChange(event);
  if (calls.some((call) => call.callId === callId)) return calls.map((call) => (call.callId === callId ? { ...call, ...change } : call));
  return [...calls, { callId, name, input: null, readOnly: false, status: 'running', ...change }];
}

function toolCallChange(event: ToolEvent): Partial<SnapshotToolCall> {
  switch (event.type) {
    case 'tool.called':
      return { status: 'running', input: event.data.input, readOnly: event.data.readOnly };
    case 'tool.approval_requested':
      return { status: 'waiting', input: event.data.input };
    case 'tool.succeeded':
      return { status: 'succeeded', output: event.data.output };
    case 'tool.failed':
      return { status: 'failed', error: event.data.error };
  }
}
