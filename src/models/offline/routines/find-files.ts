import type { CommandOf } from '../command.js';
import { bullets, code, plural } from '../markdown.js';
import { parsePaths } from '../outputs/paths.js';
import { conclude, type Plan, type PlannedCall } from '../plan.js';
import type { Turn } from '../turn.js';
import { reportFailure } from './report-failure.js';

const MAX_SHOWN_FILES = 100;

export function findFiles({ pattern, scope: { path }, asksForCount }: CommandOf<'find_files'>, turn: Turn): Plan {
  const find: PlannedCall = { name: 'find_files', input: { pattern, path } };
  const where = path === undefined ? 'this workspace' : code(path);
  const what = pattern === '*' ? '' : ` that match ${code(pattern)}`;
  const result = turn.resultOf(find);
  if (!result) return turn.ask(`I look for the files${what} in ${where}.`, find);
  if (!result.ok) return reportFailure(result);
  const { found, paths, notes } = parsePaths(result.output);
  const summary = found === 1 ? `There is 1 file${what.replace('match', 'matches')} in ${where}.` : `There are ${found} files${what} in ${where}.`;
  if (asksForCount || found === 0) return conclude(summary, ...notes);
  const shown = paths.slice(0, MAX_SHOWN_FILES).map(code);
  const rest = found - shown.length;
  return conclude(summary, bullets(rest > 0 ? [...shown, `and ${plural(rest, 'more file')}`] : shown));
}
