import { demandsSignatures, sign } from './signatures.js';
import type { Turn, TurnPart, TurnStep, TurnUsage } from './turn.js';
import type { WirePart, WireRequest, WireResponse, WireUsage } from './wire.js';

/** A step ready for the wire: chunks became responses with usage, the rest stays as it was scripted. */
export type RenderedStep = Exclude<TurnStep, { kind: 'chunk' | 'blocked' }> | { readonly kind: 'response'; readonly response: WireResponse };

export interface RenderContext {
  readonly model: string;
  readonly request: WireRequest;
  readonly responseId: string;
  /** Numbers ids and signatures so that no two are alike. */
  readonly nextNumber: () => number;
}

/** Fills in what the service adds: ids, signatures, and usage that grows with each chunk. */
export function renderTurn(turn: Turn, context: RenderContext): RenderedStep[] {
  const total = completeUsage(turn, context.request);
  const chunkCount = turn.steps.filter((step) => step.kind === 'chunk').length;
  const isSigned = { first: true };
  let position = 0;
  return turn.steps.map((step): RenderedStep => {
    if (step.kind === 'blocked') {
      const usageMetadata = turn.reportsUsage ? withTotal({ promptTokenCount: total.prompt }) : undefined;
      return { kind: 'response', response: { promptFeedback: { blockReason: step.blockReason }, usageMetadata, ...identity(context) } };
    }
    if (step.kind !== 'chunk') return step;
    position++;
    const parts = step.parts.map((part) => renderPart(part, context, isSigned));
    const content = parts.length > 0 ? { role: 'model' as const, parts } : undefined;
    const usageMetadata = turn.reportsUsage ? cumulativeUsage(total, position, chunkCount) : undefined;
    const candidate = { ...(content && { content }), ...(step.finishReason && { finishReason: step.finishReason }), index: 0 };
    return { kind: 'response', response: { candidates: [candidate], usageMetadata, ...identity(context) } };
  });
}

function identity(context: RenderContext): Pick<WireResponse, 'modelVersion' | 'responseId'> {
  return { modelVersion: context.model, responseId: context.responseId };
}

function renderPart(part: TurnPart, context: RenderContext, isSigned: { first: boolean }): WirePart {
  if (part.kind !== 'call') {
    const wire: WirePart = { text: part.text, ...(part.kind === 'thought' && { thought: true }) };
    return part.signed ? { ...wire, thoughtSignature: sign(context.model, wire, context.nextNumber()) } : wire;
  }
  const id = part.id === undefined && demandsSignatures(context.model) ? `fc-${context.nextNumber()}` : (part.id ?? undefined);
  const wire: WirePart = { functionCall: { ...(id !== undefined && { id }), name: part.name, args: part.args } };
  const wantsSignature = part.signature === 'always' || (part.signature === 'auto' && isSigned.first);
  isSigned.first = false;
  return wantsSignature ? { ...wire, thoughtSignature: sign(context.model, wire, context.nextNumber()) } : wire;
}

/** Candidates grow chunk by chunk and are absent at first, as recordings of the service show. */
function cumulativeUsage(total: Required<TurnUsage>, position: number, chunkCount: number): WireUsage {
  const candidates = Math.round((total.candidates * position) / chunkCount);
  const isFirstOfMany = position === 1 && chunkCount > 1;
  return withTotal({
    promptTokenCount: total.prompt,
    ...(total.cached > 0 && { cachedContentTokenCount: total.cached }),
    ...(total.toolUse > 0 && { toolUsePromptTokenCount: total.toolUse }),
    ...(!isFirstOfMany && { candidatesTokenCount: candidates }),
    ...(total.thoughts > 0 && { thoughtsTokenCount: total.thoughts }),
  });
}

function withTotal(usage: Omit<WireUsage, 'totalTokenCount'>): WireUsage {
  const { promptTokenCount, toolUsePromptTokenCount = 0, candidatesTokenCount = 0, thoughtsTokenCount = 0 } = usage;
  return { ...usage, totalTokenCount: promptTokenCount + toolUsePromptTokenCount + candidatesTokenCount + thoughtsTokenCount };
}

function completeUsage(turn: Turn, request: WireRequest): Required<TurnUsage> {
  const parts = turn.steps.flatMap((step) => (step.kind === 'chunk' ? step.parts : []));
  const charactersOf = (kind: TurnPart['kind']): number =>
    parts.filter((part) => part.kind === kind).reduce((sum, part) => sum + (part.kind === 'call' ? JSON.stringify(part).length : part.text.length), 0);
  return {
    prompt: turn.usage.prompt ?? countTokens(request),
    cached: turn.usage.cached ?? 0,
    toolUse: turn.usage.toolUse ?? 0,
    candidates: turn.usage.candidates ?? Math.ceil((charactersOf('text') + charactersOf('call')) / 4),
    thoughts: turn.usage.thoughts ?? Math.ceil(charactersOf('thought') / 4),
  };
}

/** Four characters a token, over everything the model would read. */
export function countTokens({ contents, systemInstruction, tools }: WireRequest): number {
  return Math.ceil(JSON.stringify({ contents, systemInstruction, tools }).length / 4);
}

/** The one response that stands for a whole stream. */
export function mergeResponses(responses: readonly WireResponse[]): WireResponse {
  const last = responses.at(-1);
  if (!last) throw new Error('There is nothing to merge.');
  const candidates = responses.flatMap((response) => response.candidates ?? []);
  if (candidates.length === 0) return last;
  const parts = candidates.flatMap((candidate) => candidate.content?.parts ?? []).reduce(appendPart, []);
  const finishReason = candidates.find((candidate) => candidate.finishReason)?.finishReason;
  return { ...last, candidates: [{ ...(parts.length > 0 && { content: { role: 'model', parts } }), ...(finishReason && { finishReason }), index: 0 }] };
}

function appendPart(parts: WirePart[], part: WirePart): WirePart[] {
  const last = parts.at(-1);
  if (last?.text === undefined || part.text === undefined || last.thoughtSignature || part.thoughtSignature || last.thought !== part.thought) return [...parts, part];
  return [...parts.slice(0, -1), { ...last, text: last.text + part.text }];
}
