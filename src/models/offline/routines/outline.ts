import type { NumberedLine } from '../outputs/file-page.js';

export interface OutlineEntry {
  readonly line: number;
  /** 0 for the outermost. */
  readonly depth: number;
  readonly text: string;
}

export interface Outline {
  readonly imports: readonly string[];
  readonly entries: readonly OutlineEntry[];
}

interface Language {
  readonly files: RegExp;
  readonly imported?: RegExp;
  /** What counts as a declaration at the start of a line, and one inside of another. */
  readonly outer: RegExp;
  readonly inner?: RegExp;
}

const MAX_IMPORTS = 12;
const MAX_TEXT_LENGTH = 100;

const LANGUAGES: readonly Language[] = [
  {
    files: /\.[cm]?[jt]sx?$/i,
    imported: /^(?:import|export)\b.*?\bfrom\s+['"]([^'"]+)['"]|^import\s+['"]([^'"]+)['"]|\brequire\(['"]([^'"]+)['"]\)/,
    outer: /^(?:export\s+)?(?:default\s+)?(?:declare\s+)?(?:abstract\s+)?(?:async\s+)?(?:class|interface|enum|namespace|function\*?)\s+\w+|^(?:export\s+)?(?:declare\s+)?(?:type\s+\w+.*=|(?:const|let|var)\s+\w+)|^(?:describe|it|test)\(/,
    inner: /^ {2,4}(?!(?:if|for|while|switch|catch|return|throw|else|await|function|super)\b)(?:(?:public|private|protected|static|readonly|abstract|override|async|get|set)\s+)*#?\w+\s*(?:<[^>]*>)?\([^;]*\{\s*$/,
  },
  { files: /\.py$/i, imported: /^(?:from\s+(\S+)\s+import|import\s+(\S+))/, outer: /^(?:async\s+)?(?:def|class)\s+\w+/, inner: /^\s+(?:async\s+)?(?:def|class)\s+\w+/ },
  { files: /\.go$/i, outer: /^(?:func|type|const|var)\s+\S+/ },
  { files: /\.rs$/i, imported: /^use\s+([\w:]+)/, outer: /^(?:pub(?:\([^)]*\))?\s+)?(?:async\s+)?(?:fn|struct|enum|trait|impl|mod|const|type)\b.*/, inner: /^ {4}(?:pub(?:\([^)]*\))?\s+)?(?:async\s+)?fn\s+\w+/ },
  {
    files: /\.(?:java|kt|cs|php|swift|scala)$/i,
    imported: /^(?:import|using)\s+([\w.]+)/,
    outer: /^(?:(?:public|private|internal|protected|abstract|final|sealed|open|static|data)\s+)*(?:class|interface|enum|record|struct|object|trait|func|fun)\s+\w+/,
    inner: /^\s+(?:(?:public|private|internal|protected|static|override|final|abstract|async)\s+)+[\w<>[\],\s]+\(/,
  },
  { files: /\.(?:md|markdown)$/i, outer: /^#\s+.+/, inner: /^#{2,6}\s+.+/ },
  { files: /\.(?:prisma|proto|graphql|gql)$/i, outer: /^(?:model|enum|datasource|generator|message|service|type|input|interface|query|mutation)\s+\w+/i },
  { files: /\.sql$/i, outer: /^\s*(?:create|alter)\s+(?:or\s+replace\s+)?(?:unique\s+)?(?:table|index|view|function|type|trigger)\b.*/i },
  { files: /\.ya?ml$/i, outer: /^[\w"'-][^:]*:/ },
  { files: /\.json$/i, outer: /^ {2}"[^"]+":/ },
  { files: /\.(?:css|scss|less)$/i, outer: /^[.#@:\w*[][^{]*\{/ },
  { files: /\.(?:sh|bash)$/i, outer: /^(?:function\s+)?\w+\s*\(\)/ },
];

/** Headings and declarations, found by the look of lines. */
export function outlineOf(path: string, lines: readonly NumberedLine[]): Outline {
  const language = LANGUAGES.find(({ files }) => files.test(path));
  if (!language) return { imports: [], entries: [] };
  const imports = new Set<string>();
  const entries: OutlineEntry[] = [];
  for (const { number, text } of lines) {
    const imported = language.imported?.exec(text);
    if (imported) imports.add(imported.slice(1).find((group) => group !== undefined) ?? '');
    const depth = depthOf(text, language);
    if (depth !== undefined && !imported) entries.push({ line: number, depth, text: shorten(text) });
  }
  return { imports: [...imports].slice(0, MAX_IMPORTS), entries };
}

function depthOf(text: string, { outer, inner }: Language): number | undefined {
  if (outer.test(text)) return 0;
  return inner?.test(text) ? 1 : undefined;
}

function shorten(text: string): string {
  const bare = text.trim().replace(/\s*[{:(]?\s*$/, '');
  return bare.length > MAX_TEXT_LENGTH ? `${bare.slice(0, MAX_TEXT_LENGTH)}…` : bare;
}
