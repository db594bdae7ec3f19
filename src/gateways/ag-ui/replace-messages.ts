import type { AgUiEvent, AgUiMessage } from './ag-ui-event.js';

/**
 * Makes these the messages of a client that has those. It keeps reasoning which a snapshot leaves out, so what is to go of
 * that becomes an ordinary message first.
 */
export function replaceMessages(before: readonly AgUiMessage[], after: readonly AgUiMessage[]): AgUiEvent[] {
  const ids = new Set(after.map(({ id }) => id));
  const goneReasoning = before.filter(({ id, role }) => role === 'reasoning' && !ids.has(id));
  const snapshot = { type: 'MESSAGES_SNAPSHOT', messages: after } as const;
  if (goneReasoning.length === 0) return [snapshot];
  return [{ type: 'MESSAGES_SNAPSHOT', messages: [...after, ...goneReasoning.map(({ id }) => ({ id, role: 'assistant', content: '' }))] }, snapshot];
}
