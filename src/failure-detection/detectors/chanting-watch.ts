import type { Thresholds } from './detector.js';

/** How much new text is awaited before it is looked at again: keeps the cost per chunk of a stream negligible. */
const LOOK_EVERY_CHARACTERS = 100;
/** With more different passages between the repetitions it is a list of things, not a chant. */
const MAX_DIFFERENT_BETWEEN = 5;
/** Of a line only its beginning says whether it is code or a table. */
const LINE_START_CHARACTERS = 100;
const CODE_FENCE = '```';

/**
 * Notices that an answer chants: the passage it ends with stands many times close together before it. Feed it the chunks of a
 * stream; its memory is bounded. Code and tables may repeat themselves and are left out.
 */
export class ChantingWatch {
  private recent = '';
  /** Arrived and not yet sorted into code, tables and the rest: done many chunks at a time. */
  private unread = '';
  private unseen = 0;
  private isInCode = false;
  private line = '';

  constructor(private readonly thresholds: Thresholds) {}

  /** @returns true once the text so far chants */
  push(text: string): boolean {
    this.unread += text;
    if (this.unseen + this.unread.length < LOOK_EVERY_CHARACTERS) return false;
    for (const piece of this.unread.split(/(?<=\n)/)) this.append(piece);
    this.unread = '';
    if (this.unseen < LOOK_EVERY_CHARACTERS) return false;
    this.unseen = 0;
    return this.chants();
  }

  private append(piece: string): void {
    if (this.line.length < LINE_START_CHARACTERS) this.line += piece;
    if (!this.isInCode && !this.line.trimStart().startsWith('|')) {
      this.recent = (this.recent + piece).slice(-this.rememberedCharacters());
      this.unseen += piece.length;
    }
    if (!piece.endsWith('\n')) return;
    if (this.line.trimStart().startsWith(CODE_FENCE)) {
      this.isInCode = !this.isInCode;
      this.recent = '';
    }
    this.line = '';
  }

  private chants(): boolean {
    const passageLength = this.thresholds('detector.chanting.passageCharacters');
    const passage = this.recent.slice(-passageLength);
    if (passage.length < passageLength || !/\p{L}/u.test(passage)) return false;
    const ends = this.recent.split(passage); // what stands before, between and after the repetitions
    const repeats = ends.length - 1;
    return repeats >= this.thresholds('detector.chanting.repeats') && new Set(ends.slice(1, -1)).size <= MAX_DIFFERENT_BETWEEN;
  }

  private rememberedCharacters(): number {
    return this.thresholds('detector.chanting.passageCharacters') + this.thresholds('detector.chanting.repeats') * this.thresholds('detector.chanting.gapCharacters');
  }
}
