/**
 * What AI SDK's UI message stream is made of, as far as it is used here. A client ends with an error at any type it does not
 * know, so whatever the protocol has no word for travels as `data-*`.
 */
export type UiMessageChunk =
  | { readonly type: 'start'; readonly messageId: string; readonly messageMetadata: UiMessageMetadata }
  | { readonly type: 'message-metadata'; readonly messageMetadata: UiMessageMetadata }
  | { readonly type: 'start-step' | 'finish-step' }
  | { readonly type: 'text-start' | 'reasoning-start'; readonly id: string }
  | { readonly type: 'text-delta' | 'reasoning-delta'; readonly id: string; readonly delta: string }
  | { readonly type: 'text-end' | 'reasoning-end'; readonly id: string; readonly providerMetadata?: { readonly lomu: { readonly discarded: true } } }
  | { readonly type: 'tool-input-available'; readonly toolCallId: string; readonly toolName: string; readonly input: unknown }
  | { readonly type: 'tool-approval-request'; readonly approvalId: string; readonly toolCallId: string }
  | { readonly type: 'tool-output-available'; readonly toolCallId: string; readonly output: string }
  | { readonly type: 'tool-output-error'; readonly toolCallId: string; readonly errorText: string }
  | { readonly type: 'tool-output-denied'; readonly toolCallId: string }
  | { readonly type: `data-${string}`; readonly id?: string; readonly data: unknown; readonly transient?: true }
  | { readonly type: 'abort'; readonly reason: string }
  | { readonly type: 'error'; readonly errorText: string }
  | { readonly type: 'finish'; readonly finishReason: 'stop' | 'length' | 'tool-calls' | 'other'; readonly messageMetadata: UiMessageMetadata };

/** Merged by the client into the `metadata` of the message. `status` is there once the stream has said how it ends. */
export interface UiMessageMetadata {
  readonly runId?: string;
  readonly conversationId?: string;
  readonly intent?: string;
  readonly model?: string;
  readonly status?: 'waiting' | 'completed' | 'failed' | 'cancelled';
  readonly finishReason?: string;
  readonly reason?: string;
  readonly error?: object;
  readonly usage?: object;
  readonly billing?: object;
}

/** The last frame of every stream that was not cut. */
export const DONE = '[DONE]';

/** Informs while it happens and is no part of the message. */
export function transient(name: string, data: unknown): UiMessageChunk {
  return { type: `data-${name}`, data, transient: true };
}

/** `useChat` knows of an error only what its message says: words for people, and the code at their end. */
export function errorText(code: string, message: string): string {
  return `${message} (${code})`;
}
