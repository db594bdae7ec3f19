import type { FailureSignal } from './failure-signal.js';

type Facts = Partial<Pick<FailureSignal, 'kind' | 'status' | 'reason' | 'systemCode'>>;

interface TextRule {
  readonly pattern: RegExp;
  readonly facts: (match: RegExpExecArray) => Facts;
}

/** Enough for an error and its stack; the rest is output. */
const READ_CHARACTERS = 8_000;

/**
 * What error texts say in fixed forms, translated into the facts that were missing. Each form is one that programs print,
 * tied to the start or end of a line or to an upper-case code, so that prose with the same words says nothing.
 */
const RULES: readonly TextRule[] = [
  {
    pattern: /\b(?:ECONNREFUSED|ECONNRESET|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|ETIMEDOUT|EPIPE|ENOSPC|EDQUOT|EFBIG|ENOMEM)\b/,
    facts: ([code]) => ({ systemCode: code }),
  },
  { pattern: /: No space left on device$/m, facts: () => ({ systemCode: 'ENOSPC' }) },
  { pattern: /: Disk quota exceeded$/m, facts: () => ({ systemCode: 'EDQUOT' }) },
  { pattern: /: Cannot allocate memory$|^FATAL ERROR: .{0,200}heap out of memory$|^MemoryError\b|^(?:Exception in thread .{0,200})?java\.lang\.OutOfMemoryError\b/m, facts: () => ({ systemCode: 'ENOMEM' }) },
  { pattern: /^[^\s(][^(\n]{0,300}\(\d{1,6},\d{1,6}\): error TS\d{1,5}: |^[^\s:][^:\n]{0,300}:\d{1,6}:\d{1,6} - error TS\d{1,5}: /m, facts: () => ({ kind: 'type_errors' }) },
  { pattern: /^(?:\w{0,40}Error: )?This model's maximum context length is \d/m, facts: () => ({ reason: 'context_length_exceeded' }) },
  { pattern: /^SyntaxError: .{0,200}\bJSON\b/m, facts: () => ({ kind: 'malformed_json' }) },
  {
    pattern: /^(?:\w{0,40}Error: )?(?:Request failed with status code|HTTP\/\d(?:\.\d)?|HTTP error|HTTP) (?<status>[45]\d\d)\b|^(?<named>429|50[0-4]) (?:Too Many Requests|Internal Server Error|Not Implemented|Bad Gateway|Service Unavailable|Gateway Time-?out)$/im,
    facts: ({ groups }) => ({ status: Number(groups?.status ?? groups?.named) }),
  },
];

/** The facts in the text of an error channel, or undefined when it says nothing in a known form. */
export function factsInErrorText(errorText: string): Facts | undefined {
  const text = errorText.slice(0, READ_CHARACTERS);
  for (const { pattern, facts } of RULES) {
    const match = pattern.exec(text);
    if (match) return facts(match);
  }
  return undefined;
}
