export type FailureSource = 'model' | 'tool' | 'database' | 'run';

/**
 * Something that went wrong, described by facts rather than by prose. Whoever saw it fills in what it
 * knows; detection never has to read a message unless there is nothing else.
 */
export interface FailureSignal {
  readonly source: FailureSource;
  /**
   * A stable word for what happened. Model: the kinds of a ModelError, or `malformed_tool_call`, `safety`, `max_tokens`,
   * `empty_answer` for answers that are none. Tool: the code of its ToolError. Run: `iteration_timeout`, `instance_crash`,
   * or the key of a pattern that a detector found. Database: any.
   */
  readonly kind: string;
  /** HTTP status, when a server answered. */
  readonly status?: number;
  /** The provider's code, e.g. RESOURCE_EXHAUSTED. */
  readonly reason?: string;
  /** errno name, e.g. ECONNREFUSED, ENOSPC. */
  readonly systemCode?: string;
  readonly exitCode?: number;
  /** The provider's own word, e.g. MAX_TOKENS. */
  readonly finishReason?: string;
  /** How long the provider asks to wait. */
  readonly retryDelayMs?: number;
  readonly quotaId?: string;
  /** For `source: 'tool'`. */
  readonly toolName?: string;
  /** Text of an error channel (stderr, an error's message); only looked at when nothing above decides. Never a tool's output or an answer. */
  readonly errorText?: string;
}
