import type { LimitPrimitive } from './limit-definition.js';
import type { LimitKey } from './limit-registry.js';
import { describeScope } from './limit-scope.js';
import { clampLimitValue, tighten } from './limit-value.js';
import { type LimitCandidate, type LimitSource, pickWinner } from './resolve-limit.js';

export interface ExplainedCandidate extends LimitCandidate {
  readonly outcome: 'won' | 'lost' | 'unusable';
  readonly reason: string;
}

/** The value of one limit for one subject, and how it came about. */
export interface LimitExplanation {
  readonly key: LimitKey;
  readonly value: LimitPrimitive;
  readonly source: LimitSource;
  /** The strongest layer first. */
  readonly candidates: readonly ExplainedCandidate[];
}

/**
 * @param candidates what the layers below the emergency profile say, the strongest first
 * @param cap what the emergency profile says, if it is on and has a say
 */
export function explainLimit(key: LimitKey, candidates: readonly LimitCandidate[], cap: LimitPrimitive | undefined): LimitExplanation {
  const pinned = pickWinner(key, candidates);
  const value = cap === undefined ? pinned.value : tighten(key, pinned.value, cap);
  const hasEmergencyWon = cap !== undefined && value === cap;
  const winner: LimitCandidate = hasEmergencyWon ? { source: 'emergency', value: cap } : pinned.candidate;
  const explained = candidates.map((candidate) =>
    candidate === winner
      ? { ...candidate, outcome: 'won' as const, reason: describeWin(candidate, value) }
      : { ...candidate, ...describeLoss(key, candidate, winner) },
  );
  if (cap !== undefined) explained.unshift(explainCap(cap, hasEmergencyWon, pinned.candidate));
  return { key, value, source: winner.source, candidates: explained };
}

function explainCap(cap: LimitPrimitive, hasWon: boolean, pinned: LimitCandidate): ExplainedCandidate {
  const candidate = { source: 'emergency' as const, value: cap };
  return hasWon
    ? { ...candidate, outcome: 'won', reason: 'an emergency outranks every other layer' }
    : { ...candidate, outcome: 'lost', reason: `an emergency only tightens, and ${nameOf(pinned)} is stricter already` };
}

function describeWin(candidate: LimitCandidate, value: LimitPrimitive): string {
  const rank = `${nameOf(candidate)} is the strongest layer with a value`;
  return candidate.value === value ? rank : `${rank}; clamped from ${JSON.stringify(candidate.value)} to the hard bound`;
}

function describeLoss(key: LimitKey, candidate: LimitCandidate, winner: LimitCandidate): { outcome: 'lost' | 'unusable'; reason: string } {
  if (clampLimitValue(key, candidate.value) === undefined) return { outcome: 'unusable', reason: 'its type does not suit the limit' };
  return { outcome: 'lost', reason: `${nameOf(winner)} outranks ${nameOf(candidate)}` };
}

function nameOf(candidate: LimitCandidate): string {
  switch (candidate.source) {
    case 'emergency':
      return 'the emergency profile';
    case 'experiment':
      return `arm ${candidate.arm} of experiment ${candidate.experimentId}`;
    case 'override':
      return `the override for ${candidate.scope ? describeScope(candidate.scope) : 'global'}`;
    case 'env':
      return 'the environment variable';
    case 'profile':
      return 'the environment profile';
    case 'default':
      return 'the default';
  }
}
