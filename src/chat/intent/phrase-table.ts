/** What a phrase stands for, and how many words of the text it took. */
export interface PhraseMatch<Value> {
  readonly value: Value;
  readonly phrase: string;
  readonly length: number;
}

interface Entry<Value> {
  readonly words: readonly string[];
  readonly match: PhraseMatch<Value>;
}

/**
 * Looks phrases up by their first word, the longest first, so that "not working" is found before "not".
 * After the first word, `*` stands for any one word and `*ing` for any word that ends so.
 */
export class PhraseTable<Value> {
  private readonly entries = new Map<string, Entry<Value>[]>();

  /** @param phrases phrases parted by commas */
  add(phrases: string, value: Value): this {
    for (const phrase of phrases.split(',').map((part) => part.trim())) {
      const words = phrase.split(' ');
      const first = words[0];
      if (!first) throw new Error(`An empty phrase in "${phrases}".`);
      const list = this.entries.get(first) ?? [];
      list.push({ words, match: { value, phrase, length: words.length } });
      list.sort((a, b) => b.words.length - a.words.length || wildcards(a) - wildcards(b));
      this.entries.set(first, list);
    }
    return this;
  }

  /** The longest phrase that begins at `position`. */
  match(words: readonly string[], position: number): PhraseMatch<Value> | undefined {
    const candidates = this.entries.get(words[position] ?? '');
    return candidates?.find((entry) => entry.words.every((pattern, offset) => offset === 0 || fits(words[position + offset], pattern)))?.match;
  }

  /** Whether any phrase begins with the word. */
  knows(word: string): boolean {
    return this.entries.has(word);
  }

  /** The phrases that are a single word. */
  singleWords(): string[] {
    return [...this.entries].filter(([, list]) => list.some((entry) => entry.words.length === 1)).map(([word]) => word);
  }
}

function wildcards(entry: Entry<unknown>): number {
  return entry.words.filter((word) => word.startsWith('*')).length;
}

function fits(word: string | undefined, pattern: string): boolean {
  if (word === undefined) return false;
  return pattern.startsWith('*') ? word.endsWith(pattern.slice(1)) : word === pattern;
}
