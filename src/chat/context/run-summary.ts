import type { RunStep } from '../loop/run-step.js';
import { pathIn } from '../loop/changed-files.js';
import { tellSteps } from '../loop/tell-steps.js';

export const SUMMARY_SYSTEM = `You write down what an agent has done so far on a project folder, so that it can go on without seeing its earlier steps.
Use exactly these headings, each on a line of its own: Goal, Constraints, Changed files, Findings, Failures, Next step.
Under "Changed files" name every changed path and what was changed. Under "Failures" say what was tried and did not work. Be exact about names and numbers, and short. Write plain text.`;

export interface SummaryMaterial {
  readonly goal: string;
  /** Of the earlier conversation; empty for none. */
  readonly conversation: string;
  /** The summary that this one takes the place of. */
  readonly before?: string;
  /** What it is to stand for beyond that. */
  readonly steps: readonly RunStep[];
  readonly changedPaths: readonly string[];
}

/** What the model is shown to write the summary from. */
export function writeMaterial({ goal, conversation, before, steps, changedPaths }: SummaryMaterial, maxCharacters: number): string {
  const half = Math.floor(maxCharacters / 2);
  const parts = [
    ['Goal', goal.slice(0, half)],
    ['Earlier conversation', conversation.slice(-Math.floor(half / 2))],
    ['Summary so far', before ?? ''],
    ['Changed paths', changedPaths.join('\n')],
    ['Steps', tellSteps(steps, half)],
  ] as const;
  return parts.filter(([, text]) => text !== '').map(([heading, text]) => `# ${heading}\n${text}`).join('\n\n');
}

/** The paths that calls of these steps have changed. */
export function changedPathsOf(steps: readonly RunStep[], changes: (toolName: string) => boolean): string[] {
  const paths = steps.flatMap(({ answer, results }) =>
    answer.toolCalls.flatMap(({ callId, name, input }) => {
      const path = pathIn(input);
      return path !== undefined && changes(name) && results.some((result) => result.callId === callId && result.ok) ? [path] : [];
    }),
  );
  return [...new Set(paths)];
}
