import type { RunStep } from '../loop/run-step.js';
import { shorten, tellSteps } from '../loop/tell-steps.js';

export interface ArchitectBrief {
  /** What the person asked for. */
  readonly goal: string;
  /** What is to be answered: the question of the agent, or what was seen to go wrong. */
  readonly question: string;
  /** What was done so far, the oldest first. */
  readonly steps: readonly RunStep[];
}

export const ARCHITECT_SYSTEM = `You are the architect: a senior engineer who is asked for advice by an agent that works on a project folder with tools and got stuck.
You see a brief, not the files. Say what is most likely wrong with its approach, then give a plan of at most six concrete steps that differ from what it tried.
Name files, commands and checks. When something has to be found out first, say how. Write plain text, no greeting.`;

/** The brief as text: goal and question whole as far as they fit, then as many of the latest steps as fit. */
export function writeBrief({ goal, question, steps }: ArchitectBrief, maxCharacters: number): string {
  const quarter = Math.floor(maxCharacters / 4);
  const head = `# Goal\n${shorten(goal, quarter)}\n\n# Question\n${shorten(question, quarter)}\n\n# What was done\n`;
  return head + (steps.length > 0 ? tellSteps(steps, maxCharacters - head.length) : 'Nothing yet.');
}
