import { bullets, code } from '../markdown.js';
import { type FilePage, parseFilePage } from '../outputs/file-page.js';
import { parsePaths } from '../outputs/paths.js';
import { conclude, type Plan, type PlannedCall } from '../plan.js';
import type { Turn } from '../turn.js';
import { reportFailure } from './report-failure.js';

export interface OpenedFile {
  /** Where the file turned out to be. */
  readonly path: string;
  readonly page: FilePage;
}

export interface LineRange {
  readonly startLine?: number;
  readonly endLine?: number;
}

/**
 * Reads a file; when it is not where the person said, looks for one file of that name.
 * @returns the file, or what has to be done or said before there is one
 */
export function openFile(path: string, range: LineRange, turn: Turn): OpenedFile | Plan {
  const first = read(path, range, turn);
  if (first.result?.ok) return { path, page: parseFilePage(first.result.output) };
  if (!first.result) return turn.ask(`I read ${code(path)}.`, first.call);

  const find: PlannedCall = { name: 'find_files', input: { pattern: path.split('/').at(-1) ?? path } };
  const found = turn.resultOf(find);
  if (!found) return turn.canCall('find_files') ? turn.ask('I cannot read it there; I look for it by its name.', find) : reportFailure(first.result);
  const [only, ...others] = found.ok ? parsePaths(found.output).paths : [];
  if (only === undefined || only === path) return reportFailure(first.result);
  if (others.length > 0) return conclude(`There is no ${code(path)}. Which of these do you mean?`, bullets([only, ...others].slice(0, 20).map(code)));
  const second = read(only, range, turn);
  if (!second.result) return turn.ask(`It is ${code(only)}; I read that.`, second.call);
  return second.result.ok ? { path: only, page: parseFilePage(second.result.output) } : reportFailure(second.result);
}

export function isOpened(outcome: OpenedFile | Plan): outcome is OpenedFile {
  return 'page' in outcome;
}

export function readCall(path: string, { startLine, endLine }: LineRange): PlannedCall {
  return { name: 'read_file', input: { path, startLine, endLine } };
}

function read(path: string, range: LineRange, turn: Turn): { call: PlannedCall; result: ReturnType<Turn['resultOf']> } {
  const call = readCall(path, range);
  return { call, result: turn.resultOf(call) };
}
