const NEEDS_QUOTES = /["\\\u0000-\u001f\u007f]/;
const SHORT_ESCAPES: Readonly<Record<string, string>> = { '\n': '\\n', '\t': '\\t', '"': '\\"', '\\': '\\\\' };

/** A path as git writes it in a diff: quoted only when it has to be. */
export function quotePath(path: string): string {
  if (!NEEDS_QUOTES.test(path)) return path;
  const escaped = Array.from(path, (character) => SHORT_ESCAPES[character] ?? (NEEDS_QUOTES.test(character) ? `\\${character.charCodeAt(0).toString(8).padStart(3, '0')}` : character));
  return `"${escaped.join('')}"`;
}
