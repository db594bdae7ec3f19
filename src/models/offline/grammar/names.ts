/** A word or a quoted text, as a piece of a rule. */
export const NAME = String.raw`(?:\uE000\d+\uE001|[^\s,;]+)`;

const KNOWN_FILE = /^(?:readme|license|licence|makefile|dockerfile|changelog|procfile|gemfile)$/i;

const LANGUAGES: Readonly<Record<string, string>> = {
  typescript: '*.{ts,tsx,mts,cts}',
  javascript: '*.{js,jsx,mjs,cjs}',
  python: '*.py',
  markdown: '*.md',
  json: '*.json',
  yaml: '*.{yaml,yml}',
  css: '*.css',
  html: '*.html',
  java: '*.java',
  go: '*.go',
  rust: '*.rs',
  prisma: '*.prisma',
  sql: '*.sql',
};

/** Whether a word is more likely a path than prose. */
export function looksLikePath(word: string): boolean {
  return /^[^\s*?]*(?:\/[^\s*?]*|\.[a-z0-9]{1,10})$/i.test(word) || KNOWN_FILE.test(word);
}

/** Whether a path is more likely a file than a folder. */
export function looksLikeFile(path: string): boolean {
  const name = path.split('/').at(-1) ?? '';
  return /\w\.[a-z0-9]{1,10}$/i.test(name) || KNOWN_FILE.test(name);
}

/** `*.ts`, `.ts` or a language's name as a glob; undefined for anything else. */
export function toGlob(word: string): string | undefined {
  const language = word.toLowerCase();
  if (Object.hasOwn(LANGUAGES, language)) return LANGUAGES[language];
  if (/^\.[a-z0-9.]{1,20}$/i.test(word)) return `*${word}`;
  return /[*?]/.test(word) ? word : undefined;
}
