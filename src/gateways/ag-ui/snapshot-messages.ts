import type { RunSnapshot, SnapshotToolCall } from '../../streaming/index.js';
import type { AgUiMessage, AgUiToolCall } from './ag-ui-event.js';
import { messageIdOf, reasoningIdOf, resultIdOf, toolCallIdOf } from './message-ids.js';

/** A run whose events are not all kept, as messages: a snapshot does not say which text came before which call. */
export function messagesOfSnapshot(runId: string, { reasoning, message, toolCalls }: RunSnapshot): AgUiMessage[] {
  const id = messageIdOf(runId, 1);
  const messages: AgUiMessage[] = reasoning === '' ? [] : [{ id: reasoningIdOf(id), role: 'reasoning', content: reasoning }];
  if (message.text === '' && toolCalls.length === 0) return messages;
  const calls = toolCalls.length === 0 ? {} : { toolCalls: toolCalls.map((call) => toAgUiCall(runId, call)) };
  return [...messages, { id, role: 'assistant', content: message.text, ...calls }, ...toolCalls.flatMap((call) => resultOf(runId, call))];
}

function toAgUiCall(runId: string, { callId, name, input }: SnapshotToolCall): AgUiToolCall {
  return { id: toolCallIdOf(runId, callId), type: 'function', function: { name, arguments: JSON.stringify(input ?? {}) } };
}

function resultOf(runId: string, { callId, status, output, error }: SnapshotToolCall): AgUiMessage[] {
  if (status !== 'succeeded' && status !== 'failed') return [];
  const lomu = { ok: status === 'succeeded', ...(error ? { code: error.code } : {}) };
  return [{ id: resultIdOf(runId, callId), role: 'tool', toolCallId: toolCallIdOf(runId, callId), content: output ?? error?.message ?? '', metadata: { lomu } }];
}
