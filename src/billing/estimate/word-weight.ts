import { isAccented, isDigit, isUpperCase } from './characters.js';
import { DIGIT, ENCODED, WORD_LENGTHS, WORDS } from './token-weights.js';

/** What a run of letters and digits looks like. */
export interface WordShape {
  readonly start: number;
  readonly end: number;
  readonly digits: number;
  readonly accented: number;
  /** Between letters and digits. */
  readonly kindChanges: number;
  /** From lower to upper case. */
  readonly humps: number;
  readonly isHexadecimal: boolean;
}

const FEWEST_HEXADECIMAL = 6;
const FEWEST_BASE64 = 16;
/** Encoded data changes its kind of character at least once in so many. */
const BASE64_CHANGE_GAP = 7;

export function shapeOf(text: string, start: number, end: number): WordShape {
  let digits = 0;
  let accented = 0;
  let kindChanges = 0;
  let humps = 0;
  let upper = 0;
  let beyondHexadecimal = 0;
  let previous: 'digit' | 'upper' | 'lower' | undefined;
  for (let position = start; position < end; position++) {
    const code = text.charCodeAt(position);
    const kind = isDigit(code) ? 'digit' : isUpperCase(code) ? 'upper' : 'lower';
    if (kind === 'digit') digits++;
    else if (isAccented(code)) accented++;
    if (kind === 'upper') upper++;
    if (kind !== 'digit' && !isHexadecimalLetter(code)) beyondHexadecimal++;
    if (previous && kind !== previous) {
      if (kind === 'digit' || previous === 'digit') kindChanges++;
      else if (kind === 'upper') humps++;
    }
    previous = kind;
  }
  const isOneCase = upper === 0 || upper === end - start - digits;
  const isHexadecimal = digits > 0 && beyondHexadecimal === 0 && isOneCase && end - start >= FEWEST_HEXADECIMAL && kindChanges >= 2;
  return { start, end, digits, accented, kindChanges, humps, isHexadecimal };
}

/** @param isForeign whether the words around are of a language that is not English */
export function weighWord(text: string, shape: WordShape, hasSpaceBefore: boolean, isForeign: boolean): number {
  const { start, end, digits, accented, kindChanges, humps, isHexadecimal } = shape;
  const length = end - start;
  if (digits === length) return DIGIT * digits;
  if (isHexadecimal) return ENCODED.hexadecimal.run + ENCODED.hexadecimal.letter * (length - digits) + DIGIT * digits;
  if (length >= FEWEST_BASE64 && kindChanges + humps >= length / BASE64_CHANGE_GAP) return ENCODED.base64.run + ENCODED.base64.character * length;
  let tokens = accented > 0 ? WORDS.accented.word + WORDS.accented.letter * accented : 0;
  for (let position = start; position < end; ) {
    const partEnd = endOfPart(text, position, end);
    tokens += weighPart(text, position, partEnd, { isFirst: position === start, hasSpaceBefore, isForeign });
    position = partEnd;
  }
  return tokens;
}

/** Where the digits, the capitals, or the capital with its small letters end. */
function endOfPart(text: string, start: number, end: number): number {
  const first = text.charCodeAt(start);
  let position = start + 1;
  const goWhile = (belongs: (code: number) => boolean): void => {
    while (position < end && belongs(text.charCodeAt(position))) position++;
  };
  if (isDigit(first)) {
    goWhile(isDigit);
    return position;
  }
  if (isUpperCase(first) && position < end && isUpperCase(text.charCodeAt(position))) {
    goWhile(isUpperCase);
    const startsWord = position < end && !isDigit(text.charCodeAt(position)) && position - start > 1;
    return startsWord ? position - 1 : position; // in `HTTPServer` the S is the next part's
  }
  goWhile((code) => !isUpperCase(code) && !isDigit(code));
  return position;
}

interface PartContext {
  readonly isFirst: boolean;
  readonly hasSpaceBefore: boolean;
  readonly isForeign: boolean;
}

function weighPart(text: string, start: number, end: number, { isFirst, hasSpaceBefore, isForeign }: PartContext): number {
  const length = end - start;
  const first = text.charCodeAt(start);
  if (isDigit(first)) return DIGIT * length + WORDS.digitsWithinWord;
  if (isUpperCase(first) && length > 1 && isUpperCase(text.charCodeAt(start + 1))) return WORDS.uppercase.run + WORDS.uppercase.letter * length;
  const weights = isForeign ? WORDS.foreign : WORDS;
  const isTight = !(isFirst && hasSpaceBefore);
  if (isUpperCase(first)) {
    const tight = isFirst ? WORDS.capitalizedWithoutSpace : WORDS.capitalizedWithinWord;
    return byLength(weights.capitalized, length) + (isTight ? tight : 0);
  }
  return byLength(weights.lowercase, length) + (isTight ? (WORDS.withoutSpace[length <= 3 ? 0 : length <= 6 ? 1 : 2] ?? 0) : 0);
}

function byLength(weights: readonly number[], length: number): number {
  const bin = WORD_LENGTHS.findIndex((longest) => length <= longest);
  return weights[bin < 0 ? WORD_LENGTHS.length : bin] ?? 0;
}

/** a to f, in either case. */
function isHexadecimalLetter(code: number): boolean {
  return (code >= 0x61 && code <= 0x66) || (code >= 0x41 && code <= 0x46);
}
