import type { Intent } from '../../common/index.js';
import { capMessage, type Clause, splitClauses } from './clauses.js';
import type { HeadCue } from './intent-cues.js';
import { IntentTally } from './intent-tally.js';
import type { PhraseMatch } from './phrase-table.js';
import { fillers, heads, imperativeOf, isNoun, isStatement, negations, spellingOf, talk, topics } from './vocabulary.js';

export interface IntentClassification {
  readonly intent: Intent;
  /** What spoke for each intent, added up; only their order means something. */
  readonly scores: Readonly<Record<Intent, number>>;
  /** Each cue that was heard, for people, e.g. `order "add": default +20`. */
  readonly reasons: readonly string[];
}

const PASTED_ERROR = /^[ \t]{1,16}at .{1,200}:\d+:\d+\)?$|^Traceback \(most recent call last\)|^[ \t]{0,16}(?:Uncaught )?(?:[A-Z]\w{0,60})?(?:Error|Exception)\b:/m;

/**
 * Tells what a message asks for. Deterministic, works on the message alone, in time linear in its length, which is capped.
 * Where nothing can be told the answer is `default`, which offers everything; only mere talk is `casual`.
 */
export function classifyIntent(message: string): IntentClassification {
  const text = capMessage(message);
  const tally = new IntentTally();
  let mayContinueOrder = false;
  for (const clause of splitClauses(text)) {
    mayContinueOrder = hearClause(clause, mayContinueOrder, tally);
    tally.endClause();
  }
  if (PASTED_ERROR.test(text)) tally.addPastedError();
  return { intent: tally.winner(), scores: tally.scores, reasons: tally.reasons };
}

/** @returns whether an "and" after this clause may go on with a further order */
function hearClause(clause: Clause, mayContinueOrder: boolean, tally: IntentTally): boolean {
  const words = [...clause.words];
  const { position, negated } = skipPreamble(words, tally);
  if (position >= words.length) return true;

  const head = !clause.coordinated || mayContinueOrder ? headAt(words, position) : undefined;
  if (head) tally.addHead(head, negated);
  else if (isStatement(words, position)) tally.addStatement();
  if (!head || head.value.kind === 'vague') hearTopics(words, position + (head?.length ?? 0), tally);
  return head !== undefined;
}

/** The order or question a clause begins with; "can not connect" begins with a complaint instead. */
function headAt(words: readonly string[], position: number): PhraseMatch<HeadCue> | undefined {
  const head = heads.match(words, position);
  const isComplaint = (topics.match(words, position)?.length ?? 0) > (head?.length ?? 0);
  return isComplaint || isNoun(words, position) ? undefined : head;
}

/** Steps over greetings, politeness and negations up to the first word that matters, which it spells right. */
function skipPreamble(words: string[], tally: IntentTally): { position: number; negated: boolean } {
  let position = 0;
  let negated = false;
  while (position < words.length) {
    words[position] = imperativeOf(words, position) ?? spellingOf(words, position);
    const greeting = talk.match(words, position)?.length ?? 0;
    const filler = fillers.match(words, position)?.length ?? 0;
    const negation = negations.match(words, position)?.length ?? 0;
    const matter = Math.max(heads.match(words, position)?.length ?? 0, topics.match(words, position)?.length ?? 0);
    const length = Math.max(greeting, filler, negation);
    if (length === 0 || matter > length) break;
    if (greeting === length) tally.addTalk(talk.match(words, position));
    else if (filler !== length) negated = true;
    position += length;
  }
  return { position, negated };
}

function hearTopics(words: readonly string[], from: number, tally: IntentTally): void {
  for (let position = from; position < words.length; ) {
    const topic = topics.match(words, position);
    const chat = topic ? undefined : talk.match(words, position);
    if (topic) tally.addTopic(topic);
    else if (chat) tally.addTalk(chat);
    else tally.addOtherWord(words[position]);
    position += (topic ?? chat)?.length ?? 1;
  }
}
