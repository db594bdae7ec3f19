import type { CommandOf } from '../command.js';
import { bullets, code, plural } from '../markdown.js';
import { type NumberedLine, parseFilePage } from '../outputs/file-page.js';
import { conclude, type Plan } from '../plan.js';
import type { Turn } from '../turn.js';
import { isOpened, type OpenedFile, openFile, readCall } from './open-file.js';
import { type Outline, outlineOf } from './outline.js';

const MAX_PAGES = 4;
const MAX_SHOWN_ENTRIES = 60;

/** Reads the file page by page, as far as that is allowed, and lists what it declares. */
export function outlineFile({ path }: CommandOf<'outline_file'>, turn: Turn): Plan {
  const outcome = openFile(path, {}, turn);
  if (!isOpened(outcome)) return outcome;
  const lines: NumberedLine[] = [...outcome.page.lines];
  let { nextStartLine } = outcome.page;
  for (let pages = 1; nextStartLine !== undefined && pages < MAX_PAGES; pages++) {
    const next = readCall(outcome.path, { startLine: nextStartLine });
    const result = turn.resultOf(next);
    if (!result && turn.canCall(next.name)) return turn.ask(`I read on from line ${nextStartLine}.`, next);
    if (!result?.ok) break;
    const page = parseFilePage(result.output);
    lines.push(...page.lines);
    nextStartLine = page.nextStartLine;
  }
  return conclude(...describe(outcome, lines, outlineOf(outcome.path, lines)));
}

function describe({ path, page }: OpenedFile, lines: readonly NumberedLine[], { imports, entries }: Outline): string[] {
  const seen = lines.at(-1)?.number ?? 0;
  const extent = seen < page.totalLines ? `${page.totalLines} lines, of which I looked at the first ${seen}` : plural(page.totalLines, 'line');
  const title = `${code(path)} has ${extent}.${imports.length > 0 ? ` It imports from ${imports.map(code).join(', ')}.` : ''}`;
  if (entries.length === 0) return [title, 'I see no headings or declarations of a kind that I know in it.'];
  const shown = entries.slice(0, MAX_SHOWN_ENTRIES).map(({ line, depth, text }) => `${'  '.repeat(depth)}- line ${line}: ${code(text)}`);
  const rest = entries.length - shown.length;
  return [title, `Its outline:\n\n${[...shown, ...(rest > 0 ? bullets([`and ${rest} more`]).split('\n') : [])].join('\n')}`, 'This is what the lines say; what the code means takes a real model to explain.'];
}
