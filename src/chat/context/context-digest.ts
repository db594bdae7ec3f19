import type { ModelContent } from '../../models/index.js';
import type { RunStep } from '../loop/run-step.js';

/** What stands in a prompt for the older part of a run. The steps themselves stay as they were. */
export interface ContextDigest {
  /** Of so many steps, from the first, the outputs of tools are left out. */
  readonly maskedSteps: number;
  /** Stands for the earlier conversation and so many steps, from the first. */
  readonly summary?: { readonly text: string; readonly steps: number };
  /** A summary was asked for and was no good: it is not asked for again. */
  readonly isSummaryRefused?: boolean;
}

export const NO_DIGEST: ContextDigest = { maskedSteps: 0 };

export const OUTPUT_LEFT_OUT = '[Left out to save space. Call the tool again if you still need this.]';

const SUMMARY_HEADING = '[What was done so far, in short. The steps themselves are left out.]';

/** The message of the person and the steps of the run. Steps are kept or left out whole, so that no call is ever without its response, and kept answers keep their signed parts. */
export function currentContents(userMessage: string, steps: readonly RunStep[], { maskedSteps, summary }: ContextDigest = NO_DIGEST): ModelContent[] {
  const contents: ModelContent[] = [{ role: 'user', text: summary ? `${userMessage}\n\n${SUMMARY_HEADING}\n${summary.text}` : userMessage }];
  steps.forEach(({ answer, results }, index) => {
    if (index < (summary?.steps ?? 0)) return;
    contents.push(answer);
    if (results.length > 0) contents.push({ role: 'tool', results: index < maskedSteps ? results.map(masked) : results });
  });
  return contents;
}

/** Errors stay: they are short, and what did not work is worth knowing. */
export function masked(result: RunStep['results'][number]): RunStep['results'][number] {
  return !result.ok || result.output.length <= OUTPUT_LEFT_OUT.length ? result : { ...result, output: OUTPUT_LEFT_OUT };
}
