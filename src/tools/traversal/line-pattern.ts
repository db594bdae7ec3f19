import { ToolError } from '../tool-error.js';

const TOKEN = /\\(?:[pP]\{[^}]*\}|u\{[^}]*\}|[\s\S])|\[(?:\\[\s\S]|[^\]\\])*\]|[\s\S]/g;
const CASE_INSENSITIVE_PREFIX = /^\(\?i\)/;
const ASSERTION_OR_REFERENCE = /^\\[bBk1-9]/;

/** What to look for, as the model gave it. */
export interface PatternRequest {
  readonly query: string;
  readonly isRegex: boolean;
  readonly isCaseSensitive: boolean;
}

/**
 * A global expression over a whole text whose matches stay within a line, as grep's do. A whole text is searched many times
 * faster than its lines one by one.
 * @throws ToolError `invalid_input` with what is wrong
 */
export function toLinePattern({ query, isRegex, isCaseSensitive }: PatternRequest): RegExp {
  if (query.includes('\n')) throw new ToolError('invalid_input', 'query: search goes line by line, so a query cannot contain a line end.');
  const ignoresCase = !isCaseSensitive || (isRegex && CASE_INSENSITIVE_PREFIX.test(query));
  const source = isRegex ? query.replace(CASE_INSENSITIVE_PREFIX, '') : query.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
  const flags = `gm${ignoresCase ? 'i' : ''}${/\\p\{/i.test(source) && isRegex ? 'u' : ''}`;
  try {
    new RegExp(source, flags); // its faults are to be told in terms of what the model wrote
    return new RegExp(isRegex ? keepWithinLine(source, flags) : source, flags);
  } catch (error) {
    if (error instanceof ToolError) throw error;
    throw new ToolError('invalid_input', `query: ${(error as Error).message}. The syntax is that of JavaScript.`, { cause: error });
  }
}

/** Takes the line feed out of everything in the expression that would match one. */
function keepWithinLine(source: string, flags: string): string {
  return source.replace(TOKEN, (token) => {
    if (token === '\\n') throw new ToolError('invalid_input', 'query: search goes line by line, so \\n matches nothing. Look for one line and use contextLines.');
    if (token.length === 1 || ASSERTION_OR_REFERENCE.test(token)) return token;
    if (!new RegExp(token, flags).test('\n')) return token;
    if (token.startsWith('[^')) return `[^\\n${token.slice(2)}`;
    return token === '\\s' ? '[^\\S\\n]' : `(?:(?!\\n)${token})`;
  });
}
