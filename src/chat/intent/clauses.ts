/** A part of a message that can hold one request. */
export interface Clause {
  /** Lower case, without accents; code, names and quotations stand as `#`. */
  readonly words: readonly string[];
  /** True when "and" or "or" ties it to the clause before: "find and replace", but also "search and filters". */
  readonly coordinated: boolean;
}

/** Longer messages are judged by their two ends, where requests stand. */
const START_CHARACTERS = 2_000;
const END_CHARACTERS = 1_000;

const CODE_BLOCK = /```[\s\S]*?(?:```|$)/g;
const QUOTATION = /`[^`\n]{1,200}`|"[^"\n]{1,200}"|“[^”\n]{1,200}”/g;
const TOKEN = /[\n;!?]|,|[^\s;!?,()[\]{}"“”¿¡<>]+/g;
const PLAIN_WORD = /^[\p{L}\p{N}']+(?:-[\p{L}\p{N}']+)*$/u;
const INNER_CAPITAL = /\p{Ll}\p{Lu}|\p{Lu}{2,}\p{Ll}/u;
const CLAUSE_WORDS: ReadonlySet<string> = new Set(['then', 'but', 'afterwards', 'dann', 'aber', 'puis', 'mais', 'pero']);
const COORDINATING_WORDS: ReadonlySet<string> = new Set(['and', 'or', '&', 'und', 'oder', 'et', 'y']);
const HAS_LETTER_OR_DIGIT = /[\p{L}\p{N}]|#/u;
const NAME = '#';

/** Words that people write without the apostrophe, and what endings after one stand for. */
const CONTRACTIONS: Readonly<Record<string, string>> = {
  cannot: 'can not',
  "can't": 'can not',
  "won't": 'will not',
  dont: 'do not',
  doesnt: 'does not',
  didnt: 'did not',
  isnt: 'is not',
  arent: 'are not',
  cant: 'can not',
  wont: 'will not',
  u: 'you',
  im: 'i am',
  whats: 'what is',
  wheres: 'where is',
  lets: 'let us',
  "let's": 'let us',
};
const CONTRACTED_ENDINGS: readonly (readonly [ending: string, words: string])[] = [
  ["n't", ' not'],
  ["'m", ' am'],
  ["'re", ' are'],
  ["'ll", ' will'],
  ["'d", ' would'],
  ["'ve", ' have'],
  ["'s", ' is'],
];

/** The two ends of a long message; a short one as it is. Bounds the work of everything after it. */
export function capMessage(message: string): string {
  if (message.length <= START_CHARACTERS + END_CHARACTERS) return message;
  return `${message.slice(0, START_CHARACTERS)}\n${message.slice(-END_CHARACTERS)}`;
}

/** Takes a message apart at sentence ends, commas and joining words. */
export function splitClauses(message: string): Clause[] {
  const clauses: Clause[] = [];
  let words: string[] = [];
  let coordinated = false;
  const close = (nextIsCoordinated: boolean): void => {
    if (words.length > 0) clauses.push({ words, coordinated });
    else nextIsCoordinated ||= coordinated && clauses.length > 0;
    words = [];
    coordinated = nextIsCoordinated;
  };

  for (const token of prose(message).match(TOKEN) ?? []) {
    const bare = token.replace(/^[.:*'-]{1,9}|[.:*'…-]{1,9}$/g, '');
    const word = bare.toLowerCase();
    if (COORDINATING_WORDS.has(word)) close(true);
    else if (CLAUSE_WORDS.has(word) || !HAS_LETTER_OR_DIGIT.test(bare)) close(false);
    else {
      words.push(...toWords(bare));
      if (/[.:…]$/.test(token)) close(false);
    }
  }
  close(false);
  return clauses;
}

/** The message without code and quotations: those are not what the person says. */
function prose(message: string): string {
  const spoken = message.replace(CODE_BLOCK, '\n').replace(QUOTATION, ` ${NAME} `).replaceAll('’', "'");
  return /^[\x00-\x7f]*$/.test(spoken) ? spoken : spoken.normalize('NFD').replace(/\p{Mn}/gu, '');
}

function toWords(token: string): string[] {
  if (/^[A-Z]?[a-z]+$/.test(token)) return expand(token.toLowerCase()).split(' ');
  if (/^\w+(?:Error|Exception)$/.test(token)) return ['error'];
  if (!PLAIN_WORD.test(token) || INNER_CAPITAL.test(token)) return [NAME];
  return token
    .toLowerCase()
    .split('-')
    .flatMap((word) => expand(word).split(' '));
}

function expand(word: string): string {
  const known = Object.hasOwn(CONTRACTIONS, word) ? CONTRACTIONS[word] : undefined;
  if (known) return known;
  if (!word.includes("'")) return word;
  for (const [ending, words] of CONTRACTED_ENDINGS) {
    if (word.endsWith(ending) && word.length > ending.length) return word.slice(0, -ending.length) + words;
  }
  return word;
}
