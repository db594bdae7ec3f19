/** The parts of the chat completions API that are sent. What comes back is believed only as far as it is checked. */
export type OpenAiMessage =
  | { readonly role: 'system' | 'user'; readonly content: string }
  | { readonly role: 'assistant'; readonly content: string | null; readonly tool_calls?: readonly OpenAiToolCall[] }
  | { readonly role: 'tool'; readonly tool_call_id: string; readonly content: string };

export interface OpenAiToolCall {
  readonly id: string;
  readonly type: 'function';
  /** `arguments` is JSON. */
  readonly function: { readonly name: string; readonly arguments: string };
}

export interface OpenAiRequest {
  readonly model: string;
  readonly messages: readonly OpenAiMessage[];
  readonly tools?: readonly { readonly type: 'function'; readonly function: { readonly name: string; readonly description: string; readonly parameters: Readonly<Record<string, unknown>> } }[];
  readonly tool_choice?: 'auto' | 'none' | 'required';
  readonly max_tokens?: number;
  /** What OpenAI itself calls it since its models think; other servers know the older name alone. */
  readonly max_completion_tokens?: number;
  readonly stream?: true;
  readonly stream_options?: { readonly include_usage: true };
}
