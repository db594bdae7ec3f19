import type { Intent } from '../common/index.js';

export type RunPhase = 'thinking' | 'planning' | 'working' | 'verifying' | 'complete';

/** What a run used, as clients see it. */
export interface RunUsage {
  readonly inputTokens: number;
  readonly cachedInputTokens: number;
  readonly outputTokens: number;
  readonly reasoningTokens: number;
  readonly totalTokens: number;
  readonly modelCalls: number;
  readonly toolCalls: number;
  readonly durationMs: number;
  readonly timeToFirstTokenMs: number | null;
  readonly tokensPerSecond: number | null;
}

/** What a run cost, in credits; `formatted` says it in words. */
export interface RunBilling {
  readonly credits: number;
  readonly creditsNanoUsd: string;
  readonly estimatedCredits: number;
  readonly balance: number;
  readonly formatted: string;
}

export interface RunError {
  readonly code: string;
  readonly message: string;
  readonly pattern?: string;
  readonly retryable: boolean;
}

export interface IterationUsage {
  readonly inputTokens: number;
  readonly cachedInputTokens: number;
  readonly outputTokens: number;
  readonly reasoningTokens: number;
}

/** Data of each event type beyond `{runId, seq, at}`. Fields are only ever added: clients rely on them. */
export interface RunEventData {
  'run.queued': { position: number };
  'run.started': { conversationId: string; userMessageId: string; intent: Intent; model: string; limits: Readonly<Record<string, unknown>> };
  'run.phase': { phase: RunPhase };
  'iteration.started': { iteration: number; maxIterations: number };
  'iteration.completed': { iteration: number; usage: IterationUsage };
  'text.delta': { messageId: string; text: string };
  'text.discarded': { messageId: string; reason: string };
  'reasoning.delta': { messageId: string; text: string };
  'tool.called': { callId: string; name: string; input: unknown; readOnly: boolean };
  /** `remaining`: how many more questions of the same answer follow. */
  'tool.approval_requested': { callId: string; name: string; input: unknown; expiresAt: string; remaining?: number };
  'tool.progress': { callId: string; text: string };
  'tool.succeeded': { callId: string; name: string; output: string; truncated: boolean; durationMs: number };
  'tool.failed': { callId: string; name: string; error: { code: string; message: string }; durationMs: number };
  'failure.detected': { pattern: string; category: string; severity: string; strategy: string; detail: string };
  'recovery.applied': { pattern: string; strategy: string; action: string; attempt: number; delayMs?: number; model?: string };
  'limit.reached': { limit: string; value: number | boolean | string; action: string };
  'usage.recorded': IterationUsage & { iteration: number; model: string; credits: number; balance: number; level: 'good' | 'low' | 'critical' };
  'run.snapshot': RunSnapshot;
  'run.completed': { finishReason: string; message: { id: string; text: string }; usage: RunUsage; billing: RunBilling };
  'run.failed': { error: RunError; usage: RunUsage; billing: RunBilling };
  'run.cancelled': { reason: string; message: { id: string; text: string }; usage: RunUsage; billing: RunBilling };
}

export type RunEventType = keyof RunEventData;

/** An event before the log has numbered it. */
export type RunEventBody = { [Type in RunEventType]: { readonly type: Type; readonly data: RunEventData[Type] } }[RunEventType];

/** An event of the log. `seq` is contiguous from 1 within the run. */
export type RunEvent = RunEventBody & { readonly runId: string; readonly seq: number; /** epoch ms */ readonly at: number };

/** The run so far, for a client whose cursor is older than what is kept. `seq` of its frame is that of the last event folded in. */
export interface RunSnapshot {
  readonly status: string;
  readonly phase: RunPhase;
  readonly intent: Intent;
  readonly model: string;
  readonly conversationId: string;
  readonly message: { readonly id: string; readonly text: string };
  readonly reasoning: string;
  readonly toolCalls: readonly SnapshotToolCall[];
  readonly iteration: number;
}

export interface SnapshotToolCall {
  readonly callId: string;
  readonly name: string;
  readonly input: unknown;
  readonly readOnly: boolean;
  readonly status: 'running' | 'waiting' | 'succeeded' | 'failed';
  readonly output?: string;
  readonly error?: { readonly code: string; readonly message: string };
}

const TERMINAL_TYPES: ReadonlySet<RunEventType> = new Set(['run.completed', 'run.failed', 'run.cancelled']);

/** Exactly one event of these types ends every run (I1). */
export function isTerminal(type: RunEventType): boolean {
  return TERMINAL_TYPES.has(type);
}
