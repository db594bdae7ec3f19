/** The events of AG-UI 1.0 that Lomu sends. Absent fields are left out: null is fatal to the client. */
export type AgUiEvent =
  | { readonly type: 'RUN_STARTED'; readonly threadId: string; readonly runId: string; readonly protocolVersion: string }
  | { readonly type: 'RUN_FINISHED'; readonly threadId: string; readonly runId: string; readonly outcome: RunFinishedOutcome; readonly result?: object; readonly usage?: readonly TokenUsage[] }
  | { readonly type: 'RUN_ERROR'; readonly message: string; readonly code: string; readonly usage?: readonly TokenUsage[] }
  | { readonly type: 'STEP_STARTED' | 'STEP_FINISHED'; readonly stepName: string }
  | { readonly type: 'TEXT_MESSAGE_START'; readonly messageId: string; readonly role: 'assistant' }
  | { readonly type: 'REASONING_MESSAGE_START'; readonly messageId: string; readonly role: 'reasoning' }
  | DeltaEvent
  | { readonly type: 'TEXT_MESSAGE_END' | 'REASONING_START' | 'REASONING_MESSAGE_END' | 'REASONING_END'; readonly messageId: string }
  | { readonly type: 'TOOL_CALL_START'; readonly toolCallId: string; readonly toolCallName: string; readonly parentMessageId: string }
  | { readonly type: 'TOOL_CALL_ARGS'; readonly toolCallId: string; readonly delta: string }
  | { readonly type: 'TOOL_CALL_END'; readonly toolCallId: string }
  | { readonly type: 'TOOL_CALL_RESULT'; readonly messageId: string; readonly toolCallId: string; readonly role: 'tool'; readonly content: string; readonly metadata: ToolResultMetadata }
  | { readonly type: 'MESSAGES_SNAPSHOT'; readonly messages: readonly AgUiMessage[] }
  | { readonly type: 'CUSTOM'; readonly name: string; readonly value: object };

export interface DeltaEvent {
  readonly type: 'TEXT_MESSAGE_CONTENT' | 'REASONING_MESSAGE_CONTENT';
  readonly messageId: string;
  readonly delta: string;
}

export type RunFinishedOutcome =
  | { readonly type: 'success' }
  | { readonly type: 'cancelled' }
  | { readonly type: 'interrupt'; readonly interrupts: readonly Interrupt[] };

/** A question to a person. `id` is answered in `resume` of the next input. */
export interface Interrupt {
  readonly id: string;
  readonly reason: 'tool_call';
  readonly message: string;
  readonly toolCallId: string;
  readonly responseSchema: object;
  readonly expiresAt?: string;
}

/** Reasoning and cached tokens are parts of the totals. */
export interface TokenUsage {
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly totalTokens: number;
  readonly reasoningTokens: number;
  readonly cachedInputTokens: number;
}

export interface ToolResultMetadata {
  readonly lomu: { readonly ok: boolean; readonly code?: string; readonly truncated?: boolean; readonly durationMs?: number };
}

/** A message as the client keeps it. Those of the client itself may have more fields, which are given back as they came. */
export interface AgUiMessage {
  readonly id: string;
  readonly role: string;
  readonly content?: unknown;
  readonly toolCalls?: readonly AgUiToolCall[];
  readonly toolCallId?: string;
  readonly metadata?: object;
}

export interface AgUiToolCall {
  readonly id: string;
  readonly type: 'function';
  readonly function: { readonly name: string; readonly arguments: string };
}
