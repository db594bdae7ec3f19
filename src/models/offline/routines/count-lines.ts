import type { CommandOf } from '../command.js';
import { code, plural } from '../markdown.js';
import { conclude, type Plan } from '../plan.js';
import type { Turn } from '../turn.js';
import { isOpened, openFile } from './open-file.js';

/** A page of a file tells how many lines the whole has. */
export function countLines({ path }: CommandOf<'count_lines'>, turn: Turn): Plan {
  const outcome = openFile(path, {}, turn);
  if (!isOpened(outcome)) return outcome;
  return conclude(`${code(outcome.path)} has ${plural(outcome.page.totalLines, 'line')}.`);
}
