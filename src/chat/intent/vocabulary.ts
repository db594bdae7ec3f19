import { CASUAL_CUES, type Cue, HEAD_CUES, TOPIC_CUES } from './intent-cues.js';
import { Misspellings } from './misspelling.js';
import {
  CASUAL_CUES_OF_OTHER_LANGUAGES,
  FILLERS_OF_OTHER_LANGUAGES,
  HEAD_CUES_OF_OTHER_LANGUAGES,
  NEGATIONS_OF_OTHER_LANGUAGES,
  TOPIC_CUES_OF_OTHER_LANGUAGES,
} from './other-languages.js';
import { PhraseTable } from './phrase-table.js';
import { EMPTY_WORDS, FILLERS, GERUND_TAKERS, NEGATIONS, PREDICATES, SELF } from './politeness.js';

/** The cues, ready to be looked up. */
const headCues = [...HEAD_CUES, ...HEAD_CUES_OF_OTHER_LANGUAGES];
export const heads = tableOf(headCues);
export const topics = tableOf([...TOPIC_CUES, ...TOPIC_CUES_OF_OTHER_LANGUAGES]);
export const talk = tableOf([...CASUAL_CUES, ...CASUAL_CUES_OF_OTHER_LANGUAGES]);
export const fillers = new PhraseTable<true>().add(FILLERS, true).add(FILLERS_OF_OTHER_LANGUAGES, true);
export const negations = new PhraseTable<true>().add(NEGATIONS, true).add(NEGATIONS_OF_OTHER_LANGUAGES, true);

const orders = headCues.filter((cue) => cue.kind !== 'question');
const orderWords = new Set(tableOf(orders).singleWords());
const misspellings = new Misspellings([...orderWords, ...talk.singleWords()]);
const tables: readonly PhraseTable<unknown>[] = [heads, topics, talk, fillers, negations];

/** A verb followed by a predicate is the subject of a complaint, not an order: "build fails", "search is slow". */
export function isNoun(words: readonly string[], position: number): boolean {
  return orderWords.has(words[position] ?? '') && PREDICATES.has(words[position + 1] ?? '');
}

/** "The page is blank", "cart shows nothing": about a third party, with a verb of state. */
export function isStatement(words: readonly string[], position: number): boolean {
  return words.some((word, at) => at > position && PREDICATES.has(word) && !SELF.has(words[at - 1] ?? ''));
}

/** The order in an -ing form after "would you mind" and the like. */
export function imperativeOf(words: readonly string[], position: number): string | undefined {
  const word = words[position] ?? '';
  if (!word.endsWith('ing') || !GERUND_TAKERS.has(words[position - 1] ?? '')) return undefined;
  const stem = word.slice(0, -3);
  return [stem, `${stem}e`, stem.slice(0, -1)].find((verb) => orderWords.has(verb));
}

/** The word, or the order or greeting it seems to be a slip of. */
export function spellingOf(words: readonly string[], position: number): string {
  const word = words[position] ?? '';
  const isKnown = EMPTY_WORDS.has(word) || PREDICATES.has(word) || tables.some((table) => table.knows(word));
  return (isKnown ? undefined : misspellings.correct(word)) ?? word;
}

function tableOf<Kind extends Cue>(cues: readonly Kind[]): PhraseTable<Kind> {
  const table = new PhraseTable<Kind>();
  for (const cue of cues) table.add(cue.phrases, cue);
  return table;
}
