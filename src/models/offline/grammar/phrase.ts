/** Stands for a quoted text while rules look at the words around it. */
const PLACEHOLDER = /\uE000(\d+)\uE001/g;

const QUOTED = /(?<!\w)(?:"([^"\n]+)"|'([^'\n]+)'|`([^`\n]+)`|“([^”\n]+)”|‘([^’\n]+)’|«([^»\n]+)»)(?!\w)/g;

const OPENING =
  /^(?:(?:hi|hello|hey|ok(?:ay)?|thanks|thank you|great|cool|now|please|then|so|also|just|kindly|(?:could|can|would|will) you|i(?:'d like| want| need)(?: you)? to|let(?:'s| us))(?: there)?[,!.:;]*\s+)+/i;
const CLOSING = /(?:[\s,]+(?:please|for me|thanks|thank you|now|then))*[\s.!?…]*$/i;

/** A message without the courtesies around it, its quoted texts set aside so that no rule looks into them. */
export class Phrase {
  readonly words: string;
  private readonly quotes: string[] = [];

  constructor(message: string) {
    const withoutQuotes = message.replace(QUOTED, (_match, ...groups: unknown[]) => {
      const quoted = groups.slice(0, 6).find((group) => typeof group === 'string') as string;
      return `\uE000${this.quotes.push(quoted) - 1}\uE001`;
    });
    this.words = withoutQuotes.trim().replace(/\s+/g, ' ').replace(OPENING, '').replace(CLOSING, '');
  }

  /** The text behind a part of the words, with quotes put back in (without their marks). */
  textOf(part: string): string {
    return part.replace(PLACEHOLDER, (_match, index: string) => this.quotes[Number(index)] ?? '');
  }

  hasQuotes(part: string): boolean {
    return part.includes('\uE000');
  }

  /** Whether a part is one quoted text and nothing else. */
  isQuoted(part: string): boolean {
    return /^\uE000\d+\uE001$/.test(part);
  }
}
