/** What the estimator tells apart, as predicates on UTF-16 code units. */

export type Script = 'cyrillic' | 'greek' | 'hebrew' | 'arabic' | 'devanagari' | 'bengali' | 'tamil' | 'otherIndic' | 'thai' | 'hangul' | 'han' | 'hiragana' | 'katakana' | 'wideForm' | 'typographic' | 'symbol' | 'other';

const RANGES: readonly (readonly [from: number, to: number, script: Script])[] = [
  [0x0370, 0x03ff, 'greek'],
  [0x0400, 0x052f, 'cyrillic'],
  [0x0590, 0x05ff, 'hebrew'],
  [0x0600, 0x06ff, 'arabic'],
  [0x0900, 0x097f, 'devanagari'],
  [0x0980, 0x09ff, 'bengali'],
  [0x0b80, 0x0bff, 'tamil'],
  [0x0a00, 0x0dff, 'otherIndic'],
  [0x0e00, 0x0eff, 'thai'],
  [0x2010, 0x206f, 'typographic'],
  [0x2070, 0x2bff, 'symbol'],
  [0x3000, 0x303f, 'wideForm'],
  [0x3040, 0x309f, 'hiragana'],
  [0x30a0, 0x30ff, 'katakana'],
  [0x3400, 0x9fff, 'han'],
  [0xac00, 0xd7af, 'hangul'],
  [0xff00, 0xffef, 'wideForm'],
];

export function scriptOf(code: number): Script {
  for (const [from, to, script] of RANGES) if (code >= from && code <= to) return script;
  return 'other';
}

export function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}

export function isUpperCase(code: number): boolean {
  return code >= 0x41 && code <= 0x5a;
}

export function isLetter(code: number): boolean {
  return isUpperCase(code) || (code >= 0x61 && code <= 0x7a);
}

/** Latin letters beyond ASCII. */
export function isAccented(code: number): boolean {
  return (code >= 0xc0 && code <= 0x24f && code !== 0xd7 && code !== 0xf7) || (code >= 0x1e00 && code <= 0x1eff);
}

export function isWordCharacter(code: number): boolean {
  return isLetter(code) || isDigit(code) || isAccented(code);
}

export function isPunctuation(code: number): boolean {
  return code > 0x20 && code < 0x7f && !isLetter(code) && !isDigit(code);
}
