export type ToolErrorCode =
  | 'unknown_tool'
  | 'invalid_input'
  | 'limit_reached'
  | 'timeout'
  | 'cancelled'
  | 'not_found'
  | 'outside_workspace'
  | 'too_large'
  | 'not_text'
  | 'no_match'
  | 'ambiguous_match'
  | 'conflict'
  | 'denied'
  | 'no_space'
  | 'out_of_memory'
  | 'repeated_call'
  | 'command_failed'
  | 'lsp_diagnostics'
  | 'unavailable'
  | 'outcome_unknown'
  | 'internal';

/** A failure the model is told about in these words. */
export class ToolError extends Error {
  constructor(
    readonly code: ToolErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = 'ToolError';
  }
}
