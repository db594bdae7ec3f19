import type { Intent, TokenUsage } from '../common/index.js';

/** One run, when it has reached its terminal state. */
export interface RunSample {
  readonly intent: Intent;
  /** `provider/model` */
  readonly model: string;
  readonly outcome: 'completed' | 'failed' | 'cancelled';
  readonly durationMs: number;
  readonly timeToFirstTokenMs: number | null;
  readonly tokensPerSecond: number | null;
  readonly usage: TokenUsage;
  readonly chargedNanoUsd: bigint;
  readonly iterations: number;
  readonly toolCalls: number;
  /** What ended a run that failed. */
  readonly failurePattern: string | null;
}

/** One call of a model, whether it succeeded or not; retries are calls of their own. */
export interface ModelCallSample {
  /** `provider/model` */
  readonly model: string;
  readonly durationMs: number;
  readonly firstTokenMs: number | null;
  readonly usage: TokenUsage;
  /** A model error's kind, the provider's HTTP status, `timeout` or `cancelled`; null when it succeeded. */
  readonly errorType: string | null;
}

/** One tool call. */
export interface ToolCallSample {
  readonly name: string;
  readonly durationMs: number;
  /** The tool result's error code; null when it succeeded. */
  readonly errorCode: string | null;
}
