import { Injectable } from '@nestjs/common';
import { z } from 'zod';
import { ToolError } from '../tool-error.js';
import type { Tool, ToolContext } from '../tool.port.js';

const input = z.strictObject({
  question: z.string().trim().min(1).max(4_000).describe('What you want advice on: the problem, what you tried, what you think of next'),
});

@Injectable()
export class ConsultArchitectTool implements Tool<z.output<typeof input>> {
  readonly name = 'consult_architect';
  readonly description =
    'Asks a stronger model how to go on. It is told the goal and what you have done, but sees no files. Use it when you are stuck or before a change with wide consequences; it can be asked only a few times.';
  readonly input = input;
  /** It costs: never side by side, and never again after a crash. */
  readonly readOnly = false;
  readonly idempotent = false;
  readonly timeoutClass = 'architect';
  readonly phase = 'planning';
  readonly cap = 'tool.maxPerRun.architect';

  async execute({ question }: z.output<typeof input>, { services, signal }: ToolContext): Promise<string> {
    if (!services.consultArchitect) throw new ToolError('unavailable', 'There is no architect to ask in this run.');
    return services.consultArchitect(question, signal);
  }
}
