import type { UiMessageChunk } from './ui-message-chunk.js';

/**
 * How far a message has been told. Nothing but numbers, flags and a few ids, so that viewers who are equally far are known to be,
 * and share what is told next.
 */
export interface UiMessageState {
  /** Text and reasoning parts begun so far; the id of each is its number. */
  readonly parts: number;
  readonly isInStep: boolean;
  /** Ids of the open parts; 0 for none. */
  readonly textId: number;
  readonly reasoningId: number;
  /** Length of the text of the run since the last part was closed. */
  readonly textChars: number;
  /** Length of the text before, which stands. */
  readonly keptChars: number;
  /** Length of what is told once more after text was discarded, because it stands. */
  readonly retoldChars: number;
  /** Calls that a person was asked about and that have no outcome. */
  readonly askedCallIds: readonly string[];
  /** Whether one of them waits for an answer. */
  readonly isAsking: boolean;
  readonly hasShown: boolean;
  readonly isOver: boolean;
}

const NO_CALLS: readonly string[] = [];

export const EMPTY_MESSAGE: UiMessageState = Object.freeze({
  parts: 0,
  isInStep: false,
  textId: 0,
  reasoningId: 0,
  textChars: 0,
  keptChars: 0,
  retoldChars: 0,
  askedCallIds: NO_CALLS,
  isAsking: false,
  hasShown: false,
  isOver: false,
});

export function isEquallyFar(one: UiMessageState, other: UiMessageState): boolean {
  return one === other || (Object.keys(one) as (keyof UiMessageState)[]).every((key) => one[key] === other[key] || (key === 'askedCallIds' && isSameList(one[key], other[key])));
}

function isSameList(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((id, index) => id === other[index]);
}

export interface Told {
  readonly state: UiMessageState;
  readonly chunks: readonly UiMessageChunk[];
}

/** More of the answer. Iterations are paragraphs of one text, but parts of their own here, so the empty lines between them are left out. */
export function tellText(before: UiMessageState, text: string): Told {
  const retold = Math.min(before.retoldChars, text.length);
  const added = text.slice(retold);
  const state = { ...before, retoldChars: before.retoldChars - retold, textChars: before.textChars + added.length };
  const shown = state.textId > 0 ? added : added.replace(/^\n+/, '');
  if (shown === '') return { state, chunks: [] };
  if (state.textId > 0) return { state, chunks: [{ type: 'text-delta', id: `${state.textId}`, delta: shown }] };
  const id = `${state.parts + 1}`;
  return { state: { ...state, parts: state.parts + 1, textId: state.parts + 1 }, chunks: [{ type: 'text-start', id }, { type: 'text-delta', id, delta: shown }] };
}

export function tellReasoning(state: UiMessageState, text: string): Told {
  if (state.reasoningId > 0) return { state, chunks: [{ type: 'reasoning-delta', id: `${state.reasoningId}`, delta: text }] };
  const id = `${state.parts + 1}`;
  return { state: { ...state, parts: state.parts + 1, reasoningId: state.parts + 1 }, chunks: [{ type: 'reasoning-start', id }, { type: 'reasoning-delta', id, delta: text }] };
}

/** What the open parts say stands. */
export function closeParts(before: UiMessageState): Told {
  const state = { ...before, textId: 0, reasoningId: 0, textChars: 0, keptChars: before.keptChars + before.textChars };
  return { state, chunks: endsOf(before) };
}

/** What the open parts say is withdrawn. A part cannot be taken back, so it is marked; what stood before it will be told again and is passed over. */
export function discardParts(before: UiMessageState): Told {
  const state = { ...before, textId: 0, reasoningId: 0, textChars: 0, retoldChars: before.keptChars };
  return { state, chunks: endsOf(before).map((end) => ({ ...end, providerMetadata: { lomu: { discarded: true } } })) };
}

export function finishStep(before: UiMessageState): Told {
  const { state, chunks } = closeParts(before);
  return { state: { ...state, isInStep: false }, chunks: state.isInStep ? [...chunks, { type: 'finish-step' }] : chunks };
}

type PartEnd = Extract<UiMessageChunk, { type: 'text-end' | 'reasoning-end' }>;

function endsOf({ textId, reasoningId }: UiMessageState): PartEnd[] {
  const reasoning: PartEnd[] = reasoningId > 0 ? [{ type: 'reasoning-end', id: `${reasoningId}` }] : [];
  const text: PartEnd[] = textId > 0 ? [{ type: 'text-end', id: `${textId}` }] : [];
  return [...reasoning, ...text];
}
