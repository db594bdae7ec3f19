import { isAccented, isDigit, isPunctuation, isWordCharacter, scriptOf } from './characters.js';
import { CONTROL_CHARACTER, EMOJI, HAN, PUNCTUATION, SCRIPTS, SPACES } from './token-weights.js';
import { type WordShape, shapeOf, weighWord } from './word-weight.js';

const SPACE = 0x20;
const TAB = 0x09;
const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const QUOTE = 0x22;
const STOPS = '.,;:';
const BRACKETS = '()[]{}';
/** How far after an accented letter words are still taken for those of its language. */
const FOREIGN_REACH = 150;

/** Weighs one text from its beginning to its end, a run of like characters at a time. */
export class TextScale {
  private tokens = 0;
  private position = 0;
  private foreignUntil = -1;

  constructor(private readonly text: string) {}

  weigh(): number {
    while (this.position < this.text.length) {
      const code = this.at(this.position);
      if (isWordCharacter(code)) this.word();
      else if (code === SPACE) this.spaces();
      else if (code === TAB) this.run((each) => each === TAB, () => SPACES.tabs);
      else if (code === LINE_FEED || code === CARRIAGE_RETURN) this.lineBreaks();
      else if (isPunctuation(code)) this.punctuation(code);
      else if (code < 0x80) this.character(CONTROL_CHARACTER);
      else this.otherScript(code);
    }
    return this.tokens;
  }

  private word(): void {
    const start = this.position;
    const shape: WordShape = shapeOf(this.text, start, this.endOfRun(isWordCharacter));
    if (shape.accented > 0) this.foreignUntil = shape.end + FOREIGN_REACH;
    this.tokens += weighWord(this.text, shape, this.at(start - 1) === SPACE, start < this.foreignUntil);
    this.position = shape.end;
  }

  private spaces(): void {
    const before = this.at(this.position - 1);
    const end = this.endOfRun((code) => code === SPACE);
    const next = end < this.text.length ? this.at(end) : LINE_FEED;
    if (end - this.position > 1) this.tokens += before === LINE_FEED ? SPACES.indentation : SPACES.several;
    else if (isDigit(next)) this.tokens += SPACES.beforeDigit;
    else if (isPunctuation(next)) this.tokens += SPACES.beforePunctuation;
    else if (next >= 0x80 && !isAccented(next)) this.tokens += SPACES.beforeOtherScript;
    this.position = end;
  }

  private lineBreaks(): void {
    const end = this.endOfRun((code) => code === LINE_FEED || code === CARRIAGE_RETURN);
    let lineFeeds = 0;
    for (let position = this.position; position < end; position++) {
      if (this.at(position) === LINE_FEED) lineFeeds++;
      else this.tokens += SPACES.carriageReturn;
    }
    this.tokens += SPACES.lineBreak + (lineFeeds > 1 ? SPACES.furtherLineBreaks : 0);
    this.position = end;
  }

  private punctuation(first: number): void {
    const end = this.endOfRun(isPunctuation);
    const length = end - this.position;
    if (length === 1) return this.character(weighMark(first));
    let quotes = 0;
    let isRepeated = true;
    for (let position = this.position; position < end; position++) {
      if (this.at(position) === QUOTE) quotes++;
      if (this.at(position) !== first) isRepeated = false;
    }
    this.tokens += isRepeated ? at(PUNCTUATION.repeated, length - 2) + PUNCTUATION.repeatedCharacter * length : weighMixedMarks(length, quotes);
    this.position = end;
  }

  private otherScript(code: number): void {
    if (code >= 0xd800 && code <= 0xdbff) return this.surrogatePair();
    if (code === 0xfe0f) return this.character(EMOJI.variation);
    if (code === 0x200d) return this.character(EMOJI.joiner);
    const script = scriptOf(code);
    const inScript = (each: number): boolean => scriptOf(each) === script && each >= 0x80 && each !== 0x200d;
    if (script === 'han') return this.run(inScript, (length) => HAN.run + HAN.character * length + HAN.beyondTwo * Math.max(0, length - 2));
    const { run, character, beyondFour } = SCRIPTS[script];
    this.run(inScript, (length) => run + character * length + beyondFour * Math.max(0, length - 4));
  }

  private surrogatePair(): void {
    const point = this.text.codePointAt(this.position) ?? 0;
    if (point >= 0x1f1e6 && point <= 0x1f1ff) this.tokens += EMOJI.flagHalf;
    else if (point >= 0x1f3fb && point <= 0x1f3ff) this.tokens += EMOJI.skinTone;
    else if (point >= 0x20000 && point < 0x30000) this.tokens += EMOJI.rareHan;
    else this.tokens += EMOJI.picture;
    this.position += point > 0xffff ? 2 : 1;
  }

  private run(belongs: (code: number) => boolean, weight: (length: number) => number): void {
    const end = Math.max(this.position + 1, this.endOfRun(belongs));
    this.tokens += weight(end - this.position);
    this.position = end;
  }

  private character(weight: number): void {
    this.tokens += weight;
    this.position++;
  }

  private endOfRun(belongs: (code: number) => boolean): number {
    let end = this.position;
    while (end < this.text.length && belongs(this.at(end))) end++;
    return end;
  }

  private at(position: number): number {
    return position < 0 ? LINE_FEED : this.text.charCodeAt(position);
  }
}

function weighMark(code: number): number {
  if (code === QUOTE) return PUNCTUATION.quote;
  const mark = String.fromCharCode(code);
  if (STOPS.includes(mark)) return PUNCTUATION.stop;
  return BRACKETS.includes(mark) ? PUNCTUATION.bracket : PUNCTUATION.other;
}

function weighMixedMarks(length: number, quotes: number): number {
  const longest = PUNCTUATION.mixed.length + 1;
  return at(PUNCTUATION.mixed, length - 2) + PUNCTUATION.beyondMixed * Math.max(0, length - longest) + PUNCTUATION.quoteInMixed * quotes;
}

/** The weight at an index, or the last one beyond. */
function at(weights: readonly number[], index: number): number {
  return weights[Math.min(index, weights.length - 1)] ?? 0;
}

