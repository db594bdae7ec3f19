import { INTENTS, type Intent } from '../../common/index.js';
import type { Cue, HeadCue } from './intent-cues.js';
import type { PhraseMatch } from './phrase-table.js';
import { EMPTY_WORDS } from './politeness.js';

/** Between equals the one that offers more tools and time wins. */
const PRECEDENCE: readonly Intent[] = ['fix', 'refactor', 'default', 'analysis', 'search'];
const CHANGING: ReadonlySet<Intent> = new Set(['fix', 'refactor', 'default']);
/** "Don't change anything" is a wish to only hear about it. */
const WEIGHT_OF_FORBIDDEN_CHANGE = 5;
const WEIGHT_OF_PASTED_ERROR = 8;
const WEIGHT_OF_STATEMENT = 2;
/** Of several orders the first counts in full. */
const SHARE_OF_LATER_ORDERS = 0.5;

/** Adds up what was heard in a message and decides. */
export class IntentTally {
  readonly scores = Object.fromEntries(INTENTS.map((intent) => [intent, 0])) as Record<Intent, number>;
  readonly reasons: string[] = [];
  private hasOrder = false;
  private hasTalk = false;
  private hasOther = false;
  /** Of the clause being heard: words of talk, and other words with a meaning. */
  private talkWords = 0;
  private otherWords = 0;

  addHead(head: PhraseMatch<HeadCue>, negated: boolean): void {
    const { kind, intent, weight } = head.value;
    if (negated) {
      if (CHANGING.has(intent)) this.add('analysis', WEIGHT_OF_FORBIDDEN_CHANGE, `not "${head.phrase}"`);
      return;
    }
    this.add(intent, this.hasOrder ? weight * SHARE_OF_LATER_ORDERS : weight, `${kind} "${head.phrase}"`);
    if (CHANGING.has(intent)) this.hasOrder = true;
  }

  addTopic(topic: PhraseMatch<Cue>): void {
    this.add(topic.value.intent, topic.value.weight, `topic "${topic.phrase}"`);
  }

  addTalk(match: PhraseMatch<Cue> | undefined): void {
    if (!match) return;
    this.talkWords += match.length;
    this.hasTalk = true;
    this.add('casual', match.value.weight, `talk "${match.phrase}"`);
  }

  addOtherWord(word: string | undefined): void {
    if (word && !EMPTY_WORDS.has(word)) this.otherWords++;
  }

  /** A clause that is by half something else than talk makes the message more than talk, whatever surrounds it. */
  endClause(): void {
    if (this.otherWords > 0 && this.otherWords >= this.talkWords) this.hasOther = true;
    this.talkWords = 0;
    this.otherWords = 0;
  }

  /** A bare statement about how things are is most often a complaint. */
  addStatement(): void {
    this.add('fix', WEIGHT_OF_STATEMENT, 'a statement');
  }

  addPastedError(): void {
    this.add('fix', WEIGHT_OF_PASTED_ERROR, 'a pasted error');
  }

  winner(): Intent {
    const best = PRECEDENCE.reduce((a, b) => (this.scores[b] > this.scores[a] ? b : a));
    if (this.scores[best] > 0) return best;
    return this.hasTalk && !this.hasOther ? 'casual' : 'default';
  }

  private add(intent: Intent, weight: number, reason: string): void {
    this.scores[intent] += weight;
    this.reasons.push(`${reason}: ${intent} +${weight}`);
  }
}
