import type { CommandOf } from '../command.js';
import type { ToolCallResult } from '../../language-model.port.js';
import { bullets, code, plural } from '../markdown.js';
import { type FileCount, parseMatches } from '../outputs/matches.js';
import { conclude, type Plan, type PlannedCall } from '../plan.js';
import type { Turn } from '../turn.js';
import { describeScope, searchCall } from './find-text.js';
import { reportFailure } from './report-failure.js';

/** Edits asked for at once; the runner may allow fewer and refuses the rest one by one. */
const EDITS_PER_STEP = 5;
const REFUSED = /^Not run: only the first/;

interface Edit {
  readonly file: FileCount;
  readonly call: PlannedCall;
  readonly result: ToolCallResult | undefined;
}

/** Finds the files, edits each as a whole, and says honestly which ones it did not get to. */
export function replaceText(command: CommandOf<'replace_text'>, turn: Turn): Plan {
  const { oldText, newText, scope } = command;
  if (oldText === newText) return conclude('Both texts are the same, so there is nothing to replace.');
  const search = searchCall(oldText, scope, { caseSensitive: true, countOnly: true });
  const found = turn.resultOf(search);
  if (!found) return turn.ask(`I look where ${code(oldText)} stands in ${describeScope(scope)}.`, search);
  const matches = found.ok ? parseMatches(found.output) : undefined;
  if (!matches) return reportFailure(found);
  if (matches.total === 0) return conclude(`There is no ${code(oldText)} in ${describeScope(scope)} (${matches.searched}), so I changed nothing.`);

  const edits = matches.files.map((file) => edit(file, command, turn));
  const pending = edits.filter(({ result }) => !result || REFUSED.test(result.output));
  if (pending.length > 0 && turn.canCall('edit_file')) {
    const next = pending.slice(0, EDITS_PER_STEP);
    return turn.ask(`I replace it in ${next.map(({ file }) => code(file.path)).join(', ')}.`, ...next.map(({ call }) => call));
  }
  return conclude(...report(command, edits, pending, matches.fileCount - matches.files.length));
}

function edit(file: FileCount, { oldText, newText }: CommandOf<'replace_text'>, turn: Turn): Edit {
  const call: PlannedCall = { name: 'edit_file', input: { path: file.path, oldText, newText, replaceAll: true } };
  return { file, call, result: turn.resultOf(call) };
}

function report({ oldText, newText }: CommandOf<'replace_text'>, edits: readonly Edit[], pending: readonly Edit[], unlisted: number): string[] {
  const done = edits.filter(({ result }) => result?.ok);
  const failed = edits.filter((candidate) => candidate.result && !candidate.result.ok && !pending.includes(candidate));
  const places = done.reduce((sum, { result }) => sum + placesIn(result?.output ?? ''), 0);
  const summary = `I replaced ${code(oldText)} with ${code(newText)} in ${plural(places, 'place')} of ${plural(done.length, 'file')}.`;
  return [
    done.length === 0 ? 'I changed nothing.' : `${summary}\n\n${bullets(done.map(({ file, result }) => `${code(file.path)}: ${placesIn(result?.output ?? '')}`))}`,
    failed.length === 0 ? '' : `These failed:\n\n${bullets(failed.map(({ file, result }) => `${code(file.path)}: ${firstLine(result?.output ?? '')}`))}`,
    pending.length + unlisted === 0 ? '' : `Not done, because my steps are used up or I may not edit: ${plural(pending.length + unlisted, 'file')}. Ask again to go on.`,
  ];
}

/** `Changed a.ts in one place` or `… in 3 places`. */
function placesIn(output: string): number {
  return Number(/ in (\d+) places/.exec(output)?.[1] ?? 1);
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0] ?? '';
}
