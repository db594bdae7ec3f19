import type { Command } from '../command.js';
import { looksLikeFile, looksLikePath, NAME, toGlob } from './names.js';
import type { Phrase } from './phrase.js';
import { SCOPE, scopeOf } from './scope.js';

type Groups = Readonly<Record<string, string | undefined>>;

/** Fits a whole message or not at all: half-understood requests are not carried out. */
export interface Rule {
  readonly pattern: RegExp;
  /** @returns undefined when the words fit but their meaning does not */
  readonly build: (groups: Groups, phrase: Phrase) => Command | undefined;
}

const SHOW = String.raw`(?:show(?: me)?|list|display|print|give me|what are|which are)`;
const FIND = String.raw`(?:find|search(?: for)?|look for|grep(?: for)?|locate|${SHOW})`;
const ALL = String.raw`(?:(?:all|every|each|any|the|of|my|our|me)\s+)*`;
const THE_FILE = String.raw`(?:the\s+)?(?:file\s+)?`;
const OCCURRENCES = String.raw`(?:(?:occurrences?|uses?|usages?|mentions?|instances?|references?|appearances?|matches|places?)\s+(?:of|to|for|with)\s+)?(?:the\s+)?(?:(?:text|word|string|phrase)\s+)?`;
const TERM = String.raw`(?<term>${NAME}(?:\s+${NAME}){0,2}?)(?:\s+(?:comments?|markers?|notes?))?`;
const MOST_TAIL = String.raw`(?<most>,?\s+(?:and|then)\s+(?:tell|show|let)\s+me\s+(?:know\s+)?(?:which|what)\s+(?:one|file)\s+(?:has|contains|got)\s+(?:the\s+)?most(?:\s+(?:of\s+)?(?:them|those|matches|\S+))?)?`;
const COUNT_TAIL = String.raw`(?<count>,?\s+and\s+(?:count\s+them|(?:tell|show)\s+me\s+how\s+many(?:\s+there\s+are)?))?`;
const EXIST = String.raw`(?:\s+(?:are there|are|exist|do we have|do i have|there are|can you find|do you see))?`;

/** The first that fits wins, so the narrower ones come first. */
export const RULES: readonly Rule[] = [
  rule(String.raw`(?:hi|hello|hey|good (?:morning|afternoon|evening)|thanks|thank you|who are you|what (?:can|do) you do|help)(?: there)?`, () => ({ kind: 'greet' })),

  rule(`(?:explain|describe|${SHOW}|what is)?\\s*(?:the\\s+)?(?:outline|structure)\\s+of\\s+${THE_FILE}(?<path>${NAME})`, outline),
  rule(`(?:explain|describe|outline|summari[sz]e)\\s+${THE_FILE}(?<path>${NAME}?)(?:'s\\s+(?:outline|structure))?`, outline),
  rule(`what\\s+does\\s+${THE_FILE}(?<path>${NAME})\\s+(?:do|contain|define|export|hold)`, outline),

  rule(`how many lines\\s+(?:does|do|are in|are there in|has|in)\\s+${THE_FILE}(?<path>${NAME})(?:\\s+have)?`, countLines),
  rule(`count\\s+(?:the\\s+|all\\s+)*lines\\s+(?:in|of)\\s+${THE_FILE}(?<path>${NAME})`, countLines),
  rule(`(?:how many|count)\\s+${ALL}(?:(?<glob>${NAME})\\s+)?files?${EXIST}${SCOPE}${EXIST}`, countFiles),

  rule(`${SHOW}?\\s*${ALL}files(?:\\s+and\\s+(?:folders|directories))?${EXIST}${SCOPE}`, listFiles),
  rule(`(?:what|which)\\s+files?\\s+(?:are|exist|do you see|can you see|do we have|are there)${SCOPE}`, listFiles),
  rule(`what(?:'s|\\s+is)${SCOPE}`, whatIsIn),
  rule(`ls(?:\\s+(?<scopePath>${NAME}))?`, listFiles),

  rule(`${FIND}\\s+${ALL}files?\\s+(?:named|called|matching|like)\\s+(?<pattern>${NAME})${SCOPE}`, findFiles),
  rule(`${FIND}\\s+${ALL}(?<glob>${NAME})\\s+files?${SCOPE}`, findFiles),
  rule(`(?:${FIND}|where\\s+is)\\s+${ALL}(?:files?\\s+)?(?<glob>${NAME})${SCOPE}`, findFilesByGlob),
  rule(`where\\s+is\\s+${THE_FILE}(?<pattern>${NAME})`, (groups, phrase) => (looksLikePath(phrase.textOf(groups.pattern ?? '')) ? findFiles(groups, phrase) : undefined)),

  rule(`(?:read|open|cat|view|show(?: me)?|print|display)\\s+(?:lines?\\s+(?<from>\\d+)(?:\\s*(?:-|–|to|through|until)\\s*(?<to>\\d+))?\\s+(?:of|in|from)\\s+)?(?:the\\s+)?(?:contents?\\s+of\\s+)?${THE_FILE}(?<path>${NAME})(?:\\s+file)?`, read),

  rule(`(?:replace|substitute|change|rename)\\s+${ALL}${OCCURRENCES}(?<old>${NAME})\\s+(?:with|by|to|into)\\s+(?<new>${NAME})${SCOPE}`, replaceText),

  rule(`(?:how many times|how often)\\s+(?:does|do|is|are)\\s+${OCCURRENCES}${TERM}\\s+(?:appear|occur|used|mentioned|there|come up)${SCOPE}`, findText('count')),
  rule(`(?:how many|count)\\s+${ALL}${OCCURRENCES}${TERM}${EXIST}${SCOPE}${EXIST}`, findText('count')),
  rule(`which\\s+files?\\s+(?:has|have|contains?|mentions?|uses?)\\s+(?<most>the\\s+most\\s+|most\\s+)?${OCCURRENCES}${TERM}${SCOPE}`, findText()),
  rule(`where\\s+(?:is|are|do|does)\\s+(?:we\\s+use\\s+)?(?:the\\s+)?${TERM}(?:\\s+(?:used|mentioned|called|defined|appear|occur))?${SCOPE}`, findText()),
  rule(`${FIND}\\s+${ALL}${OCCURRENCES}${TERM}${SCOPE}${MOST_TAIL}${COUNT_TAIL}`, findText()),
];

function rule(pattern: string, build: Rule['build']): Rule {
  return { pattern: new RegExp(`^${pattern}$`, 'i'), build };
}

function outline(groups: Groups, phrase: Phrase): Command | undefined {
  const path = pathOf(groups, phrase);
  return path === undefined ? undefined : { kind: 'outline_file', path };
}

function countLines(groups: Groups, phrase: Phrase): Command | undefined {
  const path = pathOf(groups, phrase);
  return path === undefined ? undefined : { kind: 'count_lines', path };
}

function read(groups: Groups, phrase: Phrase): Command | undefined {
  const path = pathOf(groups, phrase);
  if (path === undefined) return undefined;
  const startLine = groups.from === undefined ? undefined : Number(groups.from);
  return { kind: 'read_file', path, startLine, endLine: groups.to === undefined ? startLine : Number(groups.to) };
}

function whatIsIn(groups: Groups, phrase: Phrase): Command | undefined {
  const { scopePath = '' } = groups;
  return looksLikeFile(phrase.textOf(scopePath)) ? read({ path: scopePath }, phrase) : listFiles(groups, phrase);
}

function listFiles(groups: Groups, phrase: Phrase): Command | undefined {
  const scope = scopeOf(groups, phrase);
  if (scope?.glob !== undefined) return { kind: 'find_files', pattern: scope.glob, scope: {}, asksForCount: false };
  return scope && { kind: 'list_files', scope };
}

function countFiles(groups: Groups, phrase: Phrase): Command | undefined {
  const scope = scopeOf(groups, phrase);
  const pattern = groups.glob === undefined ? '*' : toGlob(phrase.textOf(groups.glob));
  return scope && pattern !== undefined ? { kind: 'find_files', pattern: scope.glob ?? pattern, scope: { path: scope.path }, asksForCount: true } : undefined;
}

function findFiles(groups: Groups, phrase: Phrase): Command | undefined {
  const scope = scopeOf(groups, phrase);
  const pattern = groups.pattern === undefined ? toGlob(phrase.textOf(groups.glob ?? '')) : phrase.textOf(groups.pattern);
  return scope && pattern !== undefined ? { kind: 'find_files', pattern, scope, asksForCount: false } : undefined;
}

function findFilesByGlob(groups: Groups, phrase: Phrase): Command | undefined {
  const glob = groups.glob ?? '';
  return !phrase.isQuoted(glob) && /[*?]/.test(glob) ? findFiles(groups, phrase) : undefined;
}

/** Unquoted, both texts are one word: "change the colour to red" is no matter of replacing letters. */
function replaceText(groups: Groups, phrase: Phrase): Command | undefined {
  const scope = scopeOf(groups, phrase);
  const oldText = phrase.textOf(groups.old ?? '');
  const isRenamingFile = /^rename\b/i.test(phrase.words) && looksLikePath(oldText);
  return scope && !isRenamingFile ? { kind: 'replace_text', oldText, newText: phrase.textOf(groups.new ?? ''), scope } : undefined;
}

function findText(asksFor?: 'count'): Rule['build'] {
  return (groups, phrase) => {
    const scope = scopeOf(groups, phrase);
    const term = groups.term ?? '';
    // A joining word means that more is asked for than finding something.
    if (!scope || (phrase.hasQuotes(term) && !phrase.isQuoted(term)) || /\b(?:and|or|then|but|not|that|which|to|it|them)\b/i.test(term)) return undefined;
    const text = phrase.isQuoted(term) ? phrase.textOf(term) : phrase.textOf(term).replace(/^([A-Z]{3,})'?s$/, '$1');
    return { kind: 'find_text', text, scope, asksForMost: groups.most !== undefined, asksForCount: asksFor === 'count' || groups.count !== undefined };
  };
}

function pathOf({ path = '' }: Groups, phrase: Phrase): string | undefined {
  const text = phrase.textOf(path).replace(/^\.\//, '');
  return phrase.isQuoted(path) || looksLikePath(text) ? text : undefined;
}
