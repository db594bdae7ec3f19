import type { CommandOf } from '../command.js';
import { code, codeBlock, plural } from '../markdown.js';
import { conclude, type Plan, type PlannedCall } from '../plan.js';
import type { Turn } from '../turn.js';
import { reportFailure } from './report-failure.js';

const MAX_SHOWN_LINES = 200;

export function listFiles({ scope: { path } }: CommandOf<'list_files'>, turn: Turn): Plan {
  const list: PlannedCall = { name: 'list_files', input: { path } };
  const where = path === undefined ? 'this workspace' : code(path);
  const result = turn.resultOf(list);
  if (!result) return turn.ask(`I list the files of ${where}.`, list);
  if (!result.ok) return reportFailure(result);
  const rows = result.output.split('\n');
  const rest = rows.length - MAX_SHOWN_LINES;
  return conclude(`The files of ${where}, with their sizes in bytes:`, codeBlock(rows.slice(0, MAX_SHOWN_LINES).join('\n')), rest > 0 ? `And ${plural(rest, 'more line')}.` : '');
}
