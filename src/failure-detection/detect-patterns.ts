import { factsInErrorText } from './error-text.js';
import type { FailureSignal } from './failure-signal.js';
import { type FailurePattern, type FailureSign, TEXT_ONLY } from './patterns/failure-pattern.js';
import { FAILURE_PATTERN_KEYS, FAILURE_PATTERNS, type FailurePatternKey } from './patterns/failure-patterns.js';

/** Kinds that only say that something failed. For all others the text is never looked at. */
const KINDS_THAT_SAY_LITTLE: ReadonlySet<string> = new Set([TEXT_ONLY, 'internal', 'command_failed', 'http', 'network']);

/** The patterns of a signal, the most telling first; none for what is no known failure. */
export function patternsOf(signal: FailureSignal): FailurePatternKey[] {
  const typed = patternsBySigns(signal);
  const [first] = typed;
  if (first && !isGeneral(first)) return typed;
  if (!signal.errorText || !KINDS_THAT_SAY_LITTLE.has(signal.kind)) return typed;
  const facts = factsInErrorText(signal.errorText);
  if (!facts) return typed;
  // Where a server answered with a status, its text may only tell the reason more exactly.
  return patternsBySigns(signal.status === undefined ? { ...signal, ...facts } : { ...signal, reason: facts.reason ?? signal.reason });
}

/** A general pattern only counts where no other holds. */
function patternsBySigns(signal: FailureSignal): FailurePatternKey[] {
  const matching = FAILURE_PATTERN_KEYS.filter((key) => FAILURE_PATTERNS[key].signs.some((sign: FailureSign) => holds(sign, signal)));
  const telling = matching.filter((key) => !isGeneral(key));
  return telling.length > 0 ? telling : matching;
}

function isGeneral(key: FailurePatternKey): boolean {
  const pattern: FailurePattern = FAILURE_PATTERNS[key];
  return pattern.isGeneral ?? false;
}

function holds(sign: FailureSign, signal: FailureSignal): boolean {
  const { status, quotaId } = signal;
  return (
    isAmong(sign.sources, signal.source) &&
    isAmong(sign.kinds, signal.kind) &&
    !sign.exceptKinds?.includes(signal.kind) &&
    isAmong(sign.statuses, status) &&
    (!sign.statusRange || (status !== undefined && status >= sign.statusRange[0] && status <= sign.statusRange[1])) &&
    isAmong(sign.reasons, signal.reason) &&
    isAmong(sign.systemCodes, signal.systemCode) &&
    isAmong(sign.exitCodes, signal.exitCode) &&
    isAmong(sign.finishReasons, signal.finishReason) &&
    isAmong(sign.toolNames, signal.toolName) &&
    (!sign.quotaIdPart || (quotaId?.includes(sign.quotaIdPart) ?? false))
  );
}

function isAmong<Value>(allowed: readonly Value[] | undefined, value: Value | undefined): boolean {
  return !allowed || (value !== undefined && allowed.includes(value));
}
