import { quoteName } from './quote-name.js';
import type { FileMatches, SearchReport } from './traversal-job.js';

/** Files whose counts are listed before their lines; a search that hits more is told apart by its first ones. */
const MAX_COUNTED_FILES = 50;

/** A search's outcome for the model: totals, files with the most matches first, then the lines in the order of paths. */
export function formatMatches(report: SearchReport, query: string, countOnly: boolean): string {
  const { files } = report;
  const matches = files.reduce((sum, file) => sum + file.matches, 0);
  const lines = files.reduce((sum, file) => sum + file.matchingLines, 0);
  const searched = `${plural(report.searched, 'file')} searched${describeGaps(report)}`;
  if (matches === 0) return `No match for ${query} (${searched}).`;
  const onLines = lines === matches ? '' : ` on ${plural(lines, 'line')}`;
  const text = [`${plural(matches, 'match', 'matches')}${onLines} in ${plural(files.length, 'file')} (${searched}).`, ...formatCounts(files, countOnly)];
  if (!countOnly) text.push(...files.flatMap(formatFile), ...describeRest(files, lines));
  return text.join('\n');
}

function formatCounts(files: readonly FileMatches[], countOnly: boolean): string[] {
  if (files.length === 1 && !countOnly) return [];
  const ranked = [...files].sort((a, b) => b.matches - a.matches || (a.path < b.path ? -1 : 1));
  const shown = countOnly ? ranked : ranked.slice(0, MAX_COUNTED_FILES);
  const rest = ranked.length > shown.length ? [`[and ${plural(ranked.length - shown.length, 'file')} with fewer; countOnly shows all]`] : [];
  return ['Matches per file, the most first:', ...shown.map(({ path, matches }) => `${matches}\t${quoteName(path)}`), ...rest];
}

function formatFile({ path, shown }: FileMatches): string[] {
  if (shown.length === 0) return [];
  const lines = ['', quoteName(path)];
  const hasContext = shown.some((line) => !line.isMatch);
  let last: number | undefined;
  for (const { number, text, isMatch } of shown) {
    if (hasContext && last !== undefined && number > last + 1) lines.push('  --');
    lines.push(`  ${number}${isMatch ? ':' : '-'} ${text}`);
    last = number;
  }
  return lines;
}

function describeRest(files: readonly FileMatches[], matchingLines: number): string[] {
  const shown = files.reduce((sum, file) => sum + file.shown.filter(({ isMatch }) => isMatch).length, 0);
  return shown < matchingLines ? ['', `[${matchingLines - shown} more matching lines; narrow the search by path, glob or query]`] : [];
}

function describeGaps({ binary, tooLarge, unreadable, isCutShort }: SearchReport): string {
  const gaps = [
    binary > 0 && `${plural(binary, 'binary file')} left out`,
    tooLarge > 0 && `${plural(tooLarge, 'too large file')} left out`,
    unreadable > 0 && `${plural(unreadable, 'entry', 'entries')} not readable`,
    isCutShort && 'there are more files than one search looks at',
  ].filter((gap) => gap !== false);
  return gaps.map((gap) => `, ${gap}`).join('');
}

function plural(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}
