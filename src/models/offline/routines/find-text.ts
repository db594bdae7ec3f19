import type { CommandOf, Scope } from '../command.js';
import { bullets, code, plural } from '../markdown.js';
import { type FileCount, type Matches, parseMatches } from '../outputs/matches.js';
import { conclude, type Plan, type PlannedCall } from '../plan.js';
import type { Turn } from '../turn.js';
import { reportFailure } from './report-failure.js';

const MAX_SHOWN_FILES = 20;
const MAX_SHOWN_LINES = 40;

/** One search; the counts of its answer are the tool's, over all files. */
export function findText(command: CommandOf<'find_text'>, turn: Turn): Plan {
  const { text, scope, asksForCount } = command;
  const search = searchCall(text, scope, { caseSensitive: /\p{Lu}/u.test(text), countOnly: asksForCount });
  const result = turn.resultOf(search);
  if (!result) return turn.ask(`I look for ${code(text)} in ${describeScope(scope)}.`, search);
  const matches = result.ok ? parseMatches(result.output) : undefined;
  if (!matches) return reportFailure(result);
  if (matches.total === 0) return conclude(`There is no ${code(text)} in ${describeScope(scope)} (${matches.searched}).`);
  return conclude(summary(command, matches), perFile(matches), asksForCount ? '' : shownLines(matches));
}

export function searchCall(text: string, scope: Scope, options: { caseSensitive: boolean; countOnly: boolean }): PlannedCall {
  const { caseSensitive, countOnly } = options;
  return { name: 'search_text', input: { query: text, caseSensitive, ...scope, ...(countOnly ? { countOnly } : { maxLines: MAX_SHOWN_LINES }) } };
}

export function describeScope({ path, glob }: Scope): string {
  if (path !== undefined) return code(path);
  return glob === undefined ? 'this workspace' : `the files ${code(glob)}`;
}

function summary({ text, asksForMost }: CommandOf<'find_text'>, matches: Matches): string {
  const found = `I found ${plural(matches.total, 'match', 'matches')} for ${code(text)} in ${plural(matches.fileCount, 'file')} (${matches.searched}).`;
  return asksForMost || matches.fileCount > 1 ? `${found} ${most(matches.files)}` : found;
}

function most(files: readonly FileCount[]): string {
  const highest = files[0]?.matches ?? 0;
  const leaders = files.filter(({ matches }) => matches === highest).map(({ path }) => code(path));
  if (leaders.length === 1) return `${leaders[0]} has the most: ${highest}.`;
  if (leaders.length > 5) return `${leaders.length} files share the first place, with ${highest} each.`;
  return `${leaders.slice(0, -1).join(', ')} and ${leaders.at(-1)} have the most: ${highest} each.`;
}

function perFile({ files, fileCount }: Matches): string {
  const shown = files.slice(0, MAX_SHOWN_FILES).map(({ path, matches }) => `${code(path)}: ${matches}`);
  const rest = fileCount - shown.length;
  return `Matches per file:\n\n${bullets(rest > 0 ? [...shown, `and ${plural(rest, 'more file')}`] : shown)}`;
}

function shownLines({ lines, total }: Matches): string {
  if (lines.length === 0) return '';
  const shown = lines.slice(0, MAX_SHOWN_LINES).map(({ path, line, text }) => `${path}:${line} ${code(text.trim() || ' ')}`);
  const title = shown.length < total ? `The first ${plural(shown.length, 'line')}:` : 'The lines:';
  return `${title}\n\n${bullets(shown)}`;
}
