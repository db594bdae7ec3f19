import type { OpenAiRequest } from '../../../src/models/openai-compatible/openai-wire.js';

/** Why the real service would refuse the request; undefined when it would not. */
export function refusalOf({ model, messages, tools, tool_choice: toolChoice }: OpenAiRequest): string | undefined {
  if (typeof model !== 'string') return 'you must provide a model parameter';
  if (messages === undefined || messages.length === 0) return "'messages' must have at least one message";
  if (toolChoice !== undefined && tools === undefined) return "'tool_choice' is only allowed when 'tools' are specified.";
  let open: string[] = [];
  for (const message of messages) {
    if (message.role === 'tool') {
      if (!open.includes(message.tool_call_id)) return `messages with role 'tool' must be a response to a preceding message with 'tool_calls' (${message.tool_call_id})`;
      open = open.filter((id) => id !== message.tool_call_id);
      continue;
    }
    if (open.length > 0) return `An assistant message with 'tool_calls' must be followed by tool messages responding to each 'tool_call_id' (${open.join()})`;
    if (message.role === 'assistant') {
      open = (message.tool_calls ?? []).map(({ id }) => id);
      if (new Set(open).size !== open.length) return 'tool call ids must differ';
      if (message.content === null && open.length === 0) return "content may only be null with 'tool_calls'";
    } else if (typeof message.content !== 'string') return `Invalid type for 'messages' of role ${message.role}`;
  }
  return open.length > 0 ? 'tool calls are left without a response' : undefined;
}
