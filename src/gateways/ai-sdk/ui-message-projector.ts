import type { RunEvent, RunEventData, RunSnapshot } from '../../streaming/index.js';
import { errorText, transient, type UiMessageChunk } from './ui-message-chunk.js';
import { closeParts, discardParts, finishStep, tellReasoning, tellText, type Told, type UiMessageState } from './ui-message-state.js';

/** How questions to a person are told. */
export interface Asking {
  /** With `tool-approval-request`, and the end of the stream; otherwise as `data-approval`, and the stream waits for an answer given elsewhere. */
  readonly isInProtocol: boolean;
  /** Calls whose answer is known. */
  readonly answered: ReadonlySet<string>;
}

/** How a stream ends that a person has to answer before the run goes on. */
export const END_OF_QUESTIONS: UiMessageChunk = { type: 'finish', finishReason: 'tool-calls', messageMetadata: { status: 'waiting' } };

/** One event of a run as chunks of a UI message stream. Pure. */
export function projectEvent(before: UiMessageState, event: RunEvent, asking: Asking): Told {
  if (before.isOver) return { state: before, chunks: [] };
  const { state, chunks } = tell(before, event, asking);
  return { state: state.hasShown || !chunks.some(isShown) ? state : { ...state, hasShown: true }, chunks };
}

function tell(state: UiMessageState, event: RunEvent, asking: Asking): Told {
  switch (event.type) {
    case 'text.delta':
      return tellText(state, event.data.text);
    case 'reasoning.delta':
      return tellReasoning(state, event.data.text);
    case 'text.discarded':
      return discardParts(state);
    case 'iteration.started':
      return startStep(state);
    case 'iteration.completed':
      return finishStep(state);
    case 'tool.called':
      return tellCall(state, event.data);
    case 'tool.approval_requested':
      return tellQuestion(state, event.data, asking, event.data.remaining ?? 0);
    case 'tool.succeeded':
      return tellOutcome(state, event.data.callId, { type: 'tool-output-available', toolCallId: event.data.callId, output: event.data.output });
    case 'tool.failed':
      return tellOutcome(state, event.data.callId, failureOf(state, event.data, asking));
    case 'run.snapshot':
      return tellSnapshot(state, event.data, asking);
    case 'run.completed':
    case 'run.failed':
    case 'run.cancelled':
      return tellEnd(state, event);
    default:
      return { state, chunks: extraOf(event) };
  }
}

/** What happens beside the answer. Only what explains the answer becomes part of the message. */
function extraOf(event: RunEvent): UiMessageChunk[] {
  switch (event.type) {
    case 'run.queued':
      return [transient('queue', event.data)];
    case 'run.started':
      return [{ type: 'message-metadata', messageMetadata: { intent: event.data.intent, model: event.data.model } }];
    case 'run.phase':
      return [transient('phase', event.data)];
    case 'tool.progress':
      return [transient('tool-progress', { toolCallId: event.data.callId, text: event.data.text })];
    case 'recovery.applied':
      return [transient('recovery', event.data)];
    case 'usage.recorded':
      return [transient('usage', event.data)];
    case 'failure.detected':
      return [transient('failure', event.data)];
    case 'limit.reached':
      return [{ type: 'data-limit', id: `limit-${event.seq}`, data: event.data }];
    default:
      return [];
  }
}

function startStep(before: UiMessageState): Told {
  const { state, chunks } = finishStep(before);
  return { state: { ...state, isInStep: true }, chunks: [...chunks, { type: 'start-step' }] };
}

function tellCall(before: UiMessageState, call: RunEventData['tool.called']): Told {
  const { state, chunks } = closeParts(before);
  return { state, chunks: [...chunks, inputOf(call)] };
}

function inputOf({ callId, name, input }: { readonly callId: string; readonly name: string; readonly input: unknown }): UiMessageChunk {
  return { type: 'tool-input-available', toolCallId: callId, toolName: name, input };
}

type Question = Pick<RunEventData['tool.approval_requested'], 'callId' | 'name' | 'input'> & { readonly expiresAt?: string };

/** @param remaining how many questions asked together with this one follow */
function tellQuestion(before: UiMessageState, question: Question, { isInProtocol, answered }: Asking, remaining: number): Told {
  const { callId, name, expiresAt } = question;
  const isOpen = !answered.has(callId);
  const isAsking = before.isAsking || isOpen;
  const closed = closeParts(before);
  const state = { ...closed.state, askedCallIds: [...closed.state.askedCallIds, callId], isAsking };
  const request: UiMessageChunk = isInProtocol ? { type: 'tool-approval-request', approvalId: callId, toolCallId: callId } : { type: 'data-approval', id: callId, data: { toolCallId: callId, toolName: name, expiresAt } };
  const asked = { state, chunks: [...closed.chunks, inputOf(question), ...(isOpen ? [request] : [])] };
  if (remaining > 0) return asked;
  return isAsking && isInProtocol ? endAsking(asked) : { ...asked, state: { ...state, isAsking: false } };
}

/** The client answers with its next request, which it makes when this one has ended. */
function endAsking({ state, chunks }: Told): Told {
  const finished = finishStep(state);
  return { state: { ...finished.state, isOver: true }, chunks: [...chunks, ...finished.chunks, END_OF_QUESTIONS] };
}

function tellOutcome(state: UiMessageState, callId: string, outcome: UiMessageChunk): Told {
  const askedCallIds = state.askedCallIds.includes(callId) ? state.askedCallIds.filter((id) => id !== callId) : state.askedCallIds;
  return { state: { ...state, askedCallIds }, chunks: [outcome] };
}

/** Denied by a person, as the protocol has it, is only what a person was asked about. */
function failureOf({ askedCallIds }: UiMessageState, { callId, error }: RunEventData['tool.failed'], { isInProtocol }: Asking): UiMessageChunk {
  if (isInProtocol && error.code === 'denied' && askedCallIds.includes(callId)) return { type: 'tool-output-denied', toolCallId: callId };
  return { type: 'tool-output-error', toolCallId: callId, errorText: error.message };
}

/** Stands for a beginning that is no longer kept. It can begin a message; within one, what it repeats could not be told from what is new. */
function tellSnapshot(before: UiMessageState, snapshot: RunSnapshot, asking: Asking): Told {
  if (before.hasShown) {
    const gone = 'A part of this answer is no longer kept. Resume the stream, or read the conversation.';
    return { state: { ...before, isOver: true }, chunks: [{ type: 'error', errorText: errorText('stream_interrupted', gone) }] };
  }
  let told: Told = { state: { ...before, isInStep: true }, chunks: [{ type: 'message-metadata', messageMetadata: { intent: snapshot.intent, model: snapshot.model } }, { type: 'start-step' }] };
  const next = (tellNext: (state: UiMessageState) => Told): void => {
    const { state, chunks } = tellNext(told.state);
    told = { state, chunks: [...told.chunks, ...chunks] };
  };
  if (snapshot.reasoning !== '') next((state) => tellReasoning(state, snapshot.reasoning));
  const waiting = snapshot.toolCalls.filter(({ status }) => status === 'waiting');
  for (const call of snapshot.toolCalls) {
    if (call.status !== 'waiting') next((state) => ({ state, chunks: [inputOf(call)] }));
    if (call.status === 'succeeded') next((state) => tellOutcome(state, call.callId, { type: 'tool-output-available', toolCallId: call.callId, output: call.output ?? '' }));
    if (call.status === 'failed') next((state) => tellOutcome(state, call.callId, { type: 'tool-output-error', toolCallId: call.callId, errorText: call.error?.message ?? '' }));
  }
  next((state) => tellText(state, snapshot.message.text));
  for (const [index, call] of waiting.entries()) next((state) => tellQuestion(state, call, asking, waiting.length - 1 - index));
  return told;
}

type TerminalEvent = Extract<RunEvent, { type: 'run.completed' | 'run.failed' | 'run.cancelled' }>;

function tellEnd(before: UiMessageState, event: TerminalEvent): Told {
  const { state, chunks } = finishStep(before);
  return { state: { ...state, isOver: true }, chunks: [...chunks, ...endOf(event)] };
}

function endOf(event: TerminalEvent): UiMessageChunk[] {
  const { usage, billing } = event.data;
  switch (event.type) {
    case 'run.completed': {
      const { finishReason } = event.data;
      return [{ type: 'finish', finishReason: finishReason === 'stop' || finishReason === 'length' ? finishReason : 'other', messageMetadata: { status: 'completed', finishReason, usage, billing } }];
    }
    case 'run.cancelled':
      return [{ type: 'abort', reason: event.data.reason }, { type: 'finish', finishReason: 'other', messageMetadata: { status: 'cancelled', reason: event.data.reason, usage, billing } }];
    case 'run.failed': {
      const { error } = event.data;
      // Nothing is heard after an error, so it comes last.
      return [{ type: 'message-metadata', messageMetadata: { status: 'failed', error, usage, billing } }, { type: 'error', errorText: errorText(error.code, error.message) }];
    }
  }
}

function isShown(chunk: UiMessageChunk): boolean {
  return !('transient' in chunk) && chunk.type !== 'message-metadata';
}
