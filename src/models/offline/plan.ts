import type { ToolCallRequest } from '../language-model.port.js';
import { SIGNATURE } from './introduction.js';

export type PlannedCall = Omit<ToolCallRequest, 'callId'>;

/** What the planner does next: says something, and calls tools unless it is done. */
export interface Plan {
  readonly text: string;
  readonly calls: readonly PlannedCall[];
}

/** The last word on a request. */
export function conclude(...paragraphs: string[]): Plan {
  return { text: [...paragraphs.filter((paragraph) => paragraph !== ''), SIGNATURE].join('\n\n'), calls: [] };
}

export function call(text: string, ...calls: PlannedCall[]): Plan {
  return { text, calls: calls.map(({ name, input }) => ({ name, input: withoutUndefined(input) })) };
}

/** What is not given must not be there, as in any input that came over a wire. */
function withoutUndefined(input: unknown): unknown {
  if (typeof input !== 'object' || input === null) return input;
  return Object.fromEntries(Object.entries(input).filter(([, value]) => value !== undefined));
}
