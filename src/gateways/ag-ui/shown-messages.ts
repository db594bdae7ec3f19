import type { AgUiEvent, AgUiMessage } from './ag-ui-event.js';
import { reasoningIdOf } from './message-ids.js';

/** The messages that a client has made of a run's events, by the rules of the client. Needed to say what is left when something is taken back. */
export class ShownMessages {
  private messages: readonly AgUiMessage[] = [];

  get all(): readonly AgUiMessage[] {
    return this.messages;
  }

  apply(event: AgUiEvent): void {
    switch (event.type) {
      case 'TEXT_MESSAGE_START':
      case 'REASONING_MESSAGE_START':
        return this.begin({ id: event.messageId, role: event.role, content: '' });
      case 'TEXT_MESSAGE_CONTENT':
      case 'REASONING_MESSAGE_CONTENT':
        return this.change(event.messageId, (message) => ({ ...message, content: `${contentOf(message)}${event.delta}` }));
      case 'TOOL_CALL_START': {
        const call = { id: event.toolCallId, type: 'function', function: { name: event.toolCallName, arguments: '' } } as const;
        this.begin({ id: event.parentMessageId, role: 'assistant' });
        return this.change(event.parentMessageId, (message) => ({ ...message, toolCalls: [...(message.toolCalls ?? []), call] }));
      }
      case 'TOOL_CALL_ARGS':
        return this.giveArguments(event.toolCallId, event.delta);
      case 'TOOL_CALL_RESULT': {
        const { messageId: id, toolCallId, role, content, metadata } = event;
        return this.insertResult({ id, toolCallId, role, content, metadata });
      }
      case 'MESSAGES_SNAPSHOT':
        this.messages = event.messages;
        return;
      default: // the rest changes no message
    }
  }

  /** Without the text of one message and what was thought before it. Calls stay where they are. */
  withoutAnswer(messageId: string): readonly AgUiMessage[] {
    const reasoningId = reasoningIdOf(messageId);
    return this.messages.flatMap((message) => (message.id === messageId ? withoutText(message) : message.id === reasoningId ? [] : [message]));
  }

  withoutAnyText(): readonly AgUiMessage[] {
    return this.messages.flatMap((message) => (message.role === 'assistant' ? withoutText(message) : [message]));
  }

  private begin(message: AgUiMessage): void {
    if (!this.messages.some(({ id }) => id === message.id)) this.messages = [...this.messages, message];
  }

  private change(messageId: string, change: (message: AgUiMessage) => AgUiMessage): void {
    this.messages = this.messages.map((message) => (message.id === messageId ? change(message) : message));
  }

  private giveArguments(toolCallId: string, json: string): void {
    this.messages = this.messages.map((message) => {
      if (!message.toolCalls?.some(({ id }) => id === toolCallId)) return message;
      return { ...message, toolCalls: message.toolCalls.map((call) => (call.id === toolCallId ? { ...call, function: { ...call.function, arguments: json } } : call)) };
    });
  }

  /** Behind the message with the call, and behind the results that are there already. */
  private insertResult(result: AgUiMessage): void {
    const owner = this.messages.findIndex(({ toolCalls }) => toolCalls?.some(({ id }) => id === result.toolCallId));
    let at = owner + 1;
    while (this.messages[at]?.role === 'tool') at += 1;
    this.messages = [...this.messages.slice(0, at), result, ...this.messages.slice(at)];
  }
}

function withoutText({ content: _, ...message }: AgUiMessage): AgUiMessage[] {
  return message.toolCalls ? [message] : [];
}

function contentOf({ content }: AgUiMessage): string {
  return typeof content === 'string' ? content : '';
}
