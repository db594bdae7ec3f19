import type { RunBilling, RunEventBody, RunUsage } from '../../../src/streaming/index.js';

export const MESSAGE_ID = '0198c0de-0000-7000-8000-000000000001';

export const USAGE: RunUsage = {
  inputTokens: 10,
  cachedInputTokens: 0,
  outputTokens: 5,
  reasoningTokens: 0,
  totalTokens: 15,
  modelCalls: 1,
  toolCalls: 0,
  durationMs: 20,
  timeToFirstTokenMs: 3,
  tokensPerSecond: 250,
};

export const BILLING: RunBilling = { credits: 1, creditsNanoUsd: '1000000', estimatedCredits: 2, balance: 99, formatted: '1 credit' };

export function started(): RunEventBody {
  return { type: 'run.started', data: { conversationId: 'c1', userMessageId: 'm0', intent: 'fix', model: 'offline/planner', limits: {} } };
}

export function delta(text: string, messageId = MESSAGE_ID): RunEventBody {
  return { type: 'text.delta', data: { messageId, text } };
}

export function completed(text = ''): RunEventBody {
  return { type: 'run.completed', data: { finishReason: 'stop', message: { id: MESSAGE_ID, text }, usage: USAGE, billing: BILLING } };
}

export function cancelled(text = ''): RunEventBody {
  return { type: 'run.cancelled', data: { reason: 'user', message: { id: MESSAGE_ID, text }, usage: USAGE, billing: BILLING } };
}

export function failed(): RunEventBody {
  return { type: 'run.failed', data: { error: { code: 'model_error', message: 'gone', retryable: true }, usage: USAGE, billing: BILLING } };
}

/** One event of every kind, with text that is hard on framing: line ends, colons, quotes and characters of several bytes. */
export function recordedRun(): RunEventBody[] {
  const call = { callId: 't1', name: 'read_file' };
  return [
    { type: 'run.queued', data: { position: 1 } },
    started(),
    { type: 'run.phase', data: { phase: 'working' } },
    { type: 'iteration.started', data: { iteration: 1, maxIterations: 10 } },
    { type: 'reasoning.delta', data: { messageId: MESSAGE_ID, text: 'hm…\n\nid: 99\n' } },
    delta('Grüße, '),
    delta('data: "世界"\r\n\r\n'),
    { type: 'text.discarded', data: { messageId: MESSAGE_ID, reason: 'retry' } },
    delta('👋 hello'),
    { type: 'tool.called', data: { ...call, input: { path: 'a\nb' }, readOnly: true } },
    { type: 'tool.progress', data: { callId: 't1', text: '50 %' } },
    { type: 'tool.succeeded', data: { ...call, output: ': no comment\n', truncated: false, durationMs: 3 } },
    delta(' world'),
    completed('👋 hello world'),
  ];
}
