import type { TokenUsage } from '../common/index.js';

/**
 * - `http`: the provider answered with an error status (see `status`, `reason`)
 * - `network`: no answer or a broken connection (see `systemCode`, e.g. ECONNREFUSED)
 * - `stream_truncated`: the stream ended without a finish reason
 * - `stream_malformed`: bytes that are not the provider's protocol
 * - `first_byte_timeout`, `idle_timeout`: the watchdogs
 * - `response_too_large`: past `maxResponseBytes`
 * - `blocked`: the prompt was refused by a safety filter
 * - `circuit_open`: the call was not made, because the model kept failing (see `retryDelayMs`)
 */
export type ModelErrorKind =
  | 'http'
  | 'network'
  | 'stream_truncated'
  | 'stream_malformed'
  | 'first_byte_timeout'
  | 'idle_timeout'
  | 'response_too_large'
  | 'blocked'
  | 'circuit_open';

export interface ModelErrorDetails {
  readonly kind: ModelErrorKind;
  readonly model: string;
  readonly status?: number;
  /**
   * The provider's own code, e.g. RESOURCE_EXHAUSTED; or, where that says too little to act on, one of ours:
   * INPUT_TOO_LONG, INVALID_THOUGHT_SIGNATURE.
   */
  readonly reason?: string;
  /** errno name of a `network` error, when it is known. */
  readonly systemCode?: string;
  /** How long the provider asks to wait. */
  readonly retryDelayMs?: number;
  /** Which quota is exhausted, e.g. one per day. */
  readonly quotaId?: string;
  /** The last usage seen before the failure, to be billed as partial. */
  readonly usage?: TokenUsage;
  /** Whether any text or reasoning had been delivered. */
  readonly hadOutput: boolean;
  readonly cause?: unknown;
}

/** A failed model call, typed so that nobody has to read its message. */
export class ModelError extends Error {
  readonly kind: ModelErrorKind;
  readonly model: string;
  readonly status?: number;
  readonly reason?: string;
  readonly systemCode?: string;
  readonly retryDelayMs?: number;
  readonly quotaId?: string;
  readonly usage?: TokenUsage;
  readonly hadOutput: boolean;

  constructor(message: string, details: ModelErrorDetails) {
    super(message, { cause: details.cause });
    this.name = 'ModelError';
    this.kind = details.kind;
    this.model = details.model;
    this.status = details.status;
    this.reason = details.reason;
    this.systemCode = details.systemCode;
    this.retryDelayMs = details.retryDelayMs;
    this.quotaId = details.quotaId;
    this.usage = details.usage;
    this.hadOutput = details.hadOutput;
  }
}
