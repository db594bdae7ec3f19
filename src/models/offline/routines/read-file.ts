import type { CommandOf } from '../command.js';
import { code, codeBlock, plural } from '../markdown.js';
import { conclude, type Plan } from '../plan.js';
import type { Turn } from '../turn.js';
import { isOpened, openFile } from './open-file.js';

const MAX_SHOWN_LINES = 200;

export function readFile({ path, startLine, endLine }: CommandOf<'read_file'>, turn: Turn): Plan {
  const outcome = openFile(path, { startLine, endLine }, turn);
  if (!isOpened(outcome)) return outcome;
  const { page } = outcome;
  const shown = page.lines.slice(0, MAX_SHOWN_LINES);
  const [first, last] = [shown[0], shown.at(-1)];
  if (!first || !last) return conclude(`${code(outcome.path)} is empty.`);
  const isWhole = startLine === undefined && shown.length === page.lines.length && page.nextStartLine === undefined;
  const title = isWhole ? `${code(outcome.path)}, ${plural(shown.length, 'line')}:` : `${code(outcome.path)}, lines ${first.number} to ${last.number}:`;
  const hasMore = endLine === undefined && !isWhole;
  const hint = hasMore ? `There is more: ask for ${code(`Show lines ${last.number + 1}-${last.number + MAX_SHOWN_LINES} of ${outcome.path}`)}.` : '';
  return conclude(title, codeBlock(shown.map(({ text }) => text).join('\n'), languageOf(outcome.path)), hint);
}

function languageOf(path: string): string {
  return /\.([a-z0-9]{1,6})$/i.exec(path)?.[1]?.toLowerCase() ?? '';
}
