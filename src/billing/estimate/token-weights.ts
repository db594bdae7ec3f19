/**
 * Tokens per thing seen in a text. Fitted by non-negative least squares against the Gemma 3 vocabulary, which
 * Gemini's models share, on prose in 21 languages, code, data and logs; none of those texts is in the test corpus.
 */

/** Words by length: to 4 letters, 6, 8, 10, 12, 15, and longer. */
export const WORD_LENGTHS = [4, 6, 8, 10, 12, 15] as const;

export const WORDS = {
  lowercase: [0.85, 1.29, 1.02, 1.32, 2.55, 2.15, 3.72],
  capitalized: [1.09, 0.75, 0.58, 0.84, 1.59, 2.01, 3.03],
  /** The same near accented letters, which tell that the language is not English. */
  foreign: { lowercase: [0.69, 1.12, 0.98, 1.85, 2.6, 2.24, 3.28], capitalized: [0.98, 1.45, 1.34, 1.54, 1.93, 2.3, 3.24] },
  uppercase: { run: 0.55, letter: 0.12 },
  accented: { word: 0.58, letter: 0.49 },
  /** Added when no space stands before the word, by its length: to 3 letters, 6, and longer. */
  withoutSpace: [0.12, 0.02, 0.33],
  capitalizedWithoutSpace: 0.24,
  capitalizedWithinWord: -0.33,
  digitsWithinWord: 0.46,
} as const;

export const DIGIT = 0.95;

/** Runs that mean nothing to a vocabulary: hashes, keys, encoded data. */
export const ENCODED = {
  hexadecimal: { run: -0.37, letter: 0.78 },
  base64: { run: -0.19, character: 0.68 },
} as const;

/** A single space before a Latin word belongs to the word. */
export const SPACES = {
  beforeDigit: 0.8,
  beforePunctuation: 0,
  beforeOtherScript: 0.31,
  several: 1.29,
  indentation: 0.83,
  tabs: 0.62,
  lineBreak: 0.95,
  furtherLineBreaks: 0.33,
  carriageReturn: 0.56,
} as const;

export const PUNCTUATION = {
  quote: 1.23,
  stop: 1.25,
  bracket: 1.01,
  other: 0.95,
  /** Runs of different marks, by length from 2 to 6; what is longer adds by the character. */
  mixed: [0.89, 1.3, 1.12, 1.6, 1.18],
  beyondMixed: 0.02,
  quoteInMixed: -0.04,
  /** Runs of one mark: two, three, more. */
  repeated: [0.88, 0.3, 0.46],
  repeatedCharacter: 0.13,
} as const;

interface ScriptWeights {
  readonly run: number;
  readonly character: number;
  /** Added per character from the fifth on. */
  readonly beyondFour: number;
}

/** Scripts by the run of their characters; the ones without words are one long run. */
export const SCRIPTS = {
  cyrillic: { run: 0.54, character: 0.12, beyondFour: -0.04 },
  greek: { run: 0.44, character: 0.25, beyondFour: 0.03 },
  hebrew: { run: 0.06, character: 0.2, beyondFour: 0.43 },
  arabic: { run: 0.06, character: 0.2, beyondFour: 0.43 },
  devanagari: { run: 0.36, character: 0.12, beyondFour: -0.01 },
  bengali: { run: 0.34, character: 0.12, beyondFour: 0.04 },
  tamil: { run: 0.35, character: 0.1, beyondFour: 0.11 },
  otherIndic: { run: 0.35, character: 0.1, beyondFour: 0.11 },
  thai: { run: 0.3, character: 0.34, beyondFour: 0 },
  hangul: { run: 0.44, character: 0.37, beyondFour: 0.07 },
  hiragana: { run: 0.25, character: 0.28, beyondFour: 0 },
  katakana: { run: 0.41, character: 0.29, beyondFour: 0 },
  wideForm: { run: 0, character: 0.62, beyondFour: 0 },
  typographic: { run: 0, character: 0.84, beyondFour: 0 },
  symbol: { run: 0, character: 0.69, beyondFour: 0 },
  other: { run: 0, character: 0.6, beyondFour: 0 },
} as const satisfies Record<string, ScriptWeights>;

/** Chinese characters: per run, per character, and added per character from the third on. */
export const HAN = { run: 0.53, character: 0.42, beyondTwo: 0.14 } as const;

/** Per code point. */
export const EMOJI = { picture: 1.13, flagHalf: 0.65, skinTone: 0.53, variation: 0.54, joiner: 0.55, rareHan: 2 } as const;

export const CONTROL_CHARACTER = 0.51;
