import type { ToolCallResult } from '../../language-model.port.js';
import { codeBlock } from '../markdown.js';
import { conclude, type Plan } from '../plan.js';

const MAX_QUOTED_CHARACTERS = 1_000;

/** Ends a routine whose tool failed, or answered something the routine cannot read. */
export function reportFailure({ name, ok, output }: ToolCallResult): Plan {
  const happened = ok ? 'gave an answer that I cannot read' : 'failed';
  return conclude(`I cannot finish this: \`${name}\` ${happened}. It says:`, codeBlock(output.slice(0, MAX_QUOTED_CHARACTERS)));
}
