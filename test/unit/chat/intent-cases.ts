import type { Intent } from '../../../src/common/index.js';
import { FIRST_MESSAGES } from './intent-cases.first.js';
import { LAST_MESSAGES } from './intent-cases.last.js';
import { SECOND_MESSAGES } from './intent-cases.second.js';

export type MessagesByIntent = Readonly<Record<Intent, readonly string[]>>;

/**
 * - `tuned`: the cues were fitted to it
 * - `held out`: labelled with the tuned ones, but not looked at while tuning
 * - `afterwards`: written when the cues were done, and without a say in them: what to expect of a stranger's message
 */
export type CaseOrigin = 'tuned' | 'held out' | 'afterwards';

/**
 * A message with the intent a careful person gives it when they see nothing but the message, by these rules:
 * - casual: talk that asks for no work; a bare consent ("yes", "go ahead") may start work and is `default`
 * - search: find, list, count, read or show what is there
 * - analysis: explain, judge, compare, plan; a question for a reason or a way, also about a failure, changes nothing
 * - fix: something is wrong and shall be right; a bare complaint asks for a repair
 * - refactor: the same behaviour in better code: rename, move, split, simplify, speed up
 * - default: all other work, and whatever cannot be told
 * Of mixed messages the part that changes something counts, the first such part if there are several.
 */
export interface IntentCase {
  readonly intent: Intent;
  readonly message: string;
  readonly origin: CaseOrigin;
}

export const INTENT_CASES: readonly IntentCase[] = [
  ...cases(FIRST_MESSAGES, (index) => (index % 3 === 2 ? 'held out' : 'tuned')),
  ...cases(SECOND_MESSAGES, () => 'tuned'),
  ...cases(LAST_MESSAGES, () => 'afterwards'),
];

function cases(messages: MessagesByIntent, originOf: (index: number) => CaseOrigin): IntentCase[] {
  return Object.entries(messages).flatMap(([intent, list]) =>
    list.map((message, index) => ({ intent: intent as Intent, message, origin: originOf(index) })),
  );
}
