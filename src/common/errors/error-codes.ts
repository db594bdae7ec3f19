/** What went wrong in the abstract; the HTTP edge maps each kind to one status. */
export type ErrorKind =
  | 'malformed'
  | 'invalid'
  | 'unauthenticated'
  | 'forbidden'
  | 'not_found'
  | 'conflict'
  | 'payment_required'
  | 'too_large'
  | 'rate_limited'
  | 'unavailable'
  | 'internal';

interface ErrorCodeEntry {
  readonly kind: ErrorKind;
  readonly title: string;
}

/** Every code a client can meet. docs/ERRORS.md lists the same ones; a test holds the two together. */
export const ERROR_CODES = {
  malformed_json: { kind: 'malformed', title: 'The request body is not valid JSON' },
  malformed_request: { kind: 'malformed', title: 'The request could not be understood' },
  validation_failed: { kind: 'invalid', title: 'The request has invalid fields' },
  unknown_model: { kind: 'invalid', title: 'No such model is configured' },
  unpriced_model: { kind: 'invalid', title: 'The model has no price' },
  unauthenticated: { kind: 'unauthenticated', title: 'Authentication is required' },
  forbidden: { kind: 'forbidden', title: 'This needs other rights' },
  route_not_found: { kind: 'not_found', title: 'No such route' },
  run_not_found: { kind: 'not_found', title: 'No such run' },
  conversation_not_found: { kind: 'not_found', title: 'No such conversation' },
  project_not_found: { kind: 'not_found', title: 'No such project' },
  approval_not_found: { kind: 'not_found', title: 'No such tool call waits for an approval' },
  key_not_found: { kind: 'not_found', title: 'No such API key' },
  user_not_found: { kind: 'not_found', title: 'No such user' },
  limit_not_found: { kind: 'not_found', title: 'No such limit' },
  override_not_found: { kind: 'not_found', title: 'No such override' },
  history_entry_not_found: { kind: 'not_found', title: 'No such entry in the history' },
  experiment_not_found: { kind: 'not_found', title: 'No such experiment' },
  job_not_found: { kind: 'not_found', title: 'No such job' },
  project_busy: { kind: 'conflict', title: 'A run is working on the project' },
  conversation_busy: { kind: 'conflict', title: 'The conversation already has a run going on' },
  approval_answered: { kind: 'conflict', title: 'The tool call was answered otherwise' },
  history_unavailable: { kind: 'conflict', title: 'The changes of this run are not kept' },
  workspace_changed: { kind: 'conflict', title: 'Files were changed again since' },
  archive_refused: { kind: 'invalid', title: 'The archive cannot be taken' },
  source_refused: { kind: 'invalid', title: 'The source cannot be taken' },
  idempotency_mismatch: { kind: 'conflict', title: 'This Idempotency-Key was used with another request' },
  stale_revision: { kind: 'conflict', title: 'The limits changed since they were read' },
  already_exists: { kind: 'conflict', title: 'It exists already' },
  run_cancelled: { kind: 'conflict', title: 'The run was cancelled' },
  answer_replaced: { kind: 'conflict', title: 'The answer came out differently from what was sent' },
  invalid_state: { kind: 'conflict', title: 'Not possible in the present state' },
  insufficient_credits: { kind: 'payment_required', title: 'Not enough credits' },
  payload_too_large: { kind: 'too_large', title: 'The request is too large' },
  limit_exceeded: { kind: 'rate_limited', title: 'A limit is reached' },
  queue_full: { kind: 'unavailable', title: 'Too many runs are waiting' },
  stream_interrupted: { kind: 'unavailable', title: 'The connection ended before the answer did' },
  event_log_unavailable: { kind: 'unavailable', title: 'The events of runs cannot be read' },
  streams_full: { kind: 'unavailable', title: 'Too many event streams are open' },
  runs_refused: { kind: 'unavailable', title: 'New runs are refused for now' },
  draining: { kind: 'unavailable', title: 'This instance is shutting down' },
  token_issuer_unavailable: { kind: 'unavailable', title: 'The token issuer cannot be reached' },
  database_unavailable: { kind: 'unavailable', title: 'The database cannot be reached' },
  internal_error: { kind: 'internal', title: 'Something went wrong on our side' },
} as const satisfies Record<string, ErrorCodeEntry>;

export type ErrorCode = keyof typeof ERROR_CODES;
