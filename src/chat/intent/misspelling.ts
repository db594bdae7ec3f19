const MIN_LENGTH = 4;
const MIN_LENGTH_OF_OTHER_EDITS = 5;

/**
 * Recognises a word that is one slip of the keyboard away from a known one. The first letter must be right, and a short
 * word may only have two letters swapped: "fidn" is "find", while "fox" stays a fox. "Heyyy" is "hey".
 */
export class Misspellings {
  private readonly byFirstLetter = new Map<string, string[]>();

  constructor(words: Iterable<string>) {
    for (const word of words) {
      const list = this.byFirstLetter.get(word.charAt(0)) ?? [];
      list.push(word);
      this.byFirstLetter.set(word.charAt(0), list);
    }
  }

  correct(word: string): string | undefined {
    const candidates = this.byFirstLetter.get(word.charAt(0)) ?? [];
    const unstretched = word.replace(/(.)\1{1,20}$/, '$1');
    return candidates.find((known) => known === unstretched || (word.length >= MIN_LENGTH && isOneSlip(word, known)));
  }
}

function isOneSlip(word: string, known: string): boolean {
  if (Math.abs(word.length - known.length) > 1 || word.startsWith(known)) return false; // "builds" is no slip
  const from = commonStart(word, known);
  const [rest, knownRest] = [word.slice(from), known.slice(from)];
  const isSwap = rest.length > 1 && rest.charAt(0) === knownRest.charAt(1) && rest.charAt(1) === knownRest.charAt(0) && rest.slice(2) === knownRest.slice(2);
  if (isSwap) return true;
  if (Math.min(word.length, known.length) < MIN_LENGTH_OF_OTHER_EDITS) return false;
  const isOtherLetter = rest.length > 1 && rest.slice(1) === knownRest.slice(1); // inside only: "track" is no "trace"
  return rest.slice(1) === knownRest || rest === knownRest.slice(1) || isOtherLetter;
}

function commonStart(a: string, b: string): number {
  let length = 0;
  while (length < a.length && a.charAt(length) === b.charAt(length)) length++;
  return length;
}
