import { Injectable } from '@nestjs/common';
import { z } from 'zod';
import { ToolError } from '../tool-error.js';
import type { Tool, ToolContext } from '../tool.port.js';

const input = z.strictObject({
  question: z.string().trim().min(1).max(2_000).describe('What you need to know, in one or two sentences, with what depends on it'),
  options: z.array(z.string().trim().min(1).max(200)).max(10).default([]).describe('Answers to choose from, the one you would take first'),
});

/** A turn, not a pause: nobody knows when the answer comes, and it is a message like any other. */
@Injectable()
export class AskUserTool implements Tool<z.output<typeof input>> {
  readonly name = 'ask_user';
  readonly description =
    'Asks the person something that only they can decide and that you cannot find out. It ends your turn: the person sees what you wrote and the question, and their answer is the next message. ' +
    'Finish what you can do without the answer first.';
  readonly input = input;
  readonly readOnly = true;
  readonly idempotent = true;
  readonly timeoutClass = 'default';
  readonly phase = 'planning';

  async execute({ question, options }: z.output<typeof input>, { services }: ToolContext): Promise<string> {
    if (!services.askUser) throw new ToolError('unavailable', 'There is nobody to ask in this run. Decide yourself, and say what you decided.');
    services.askUser([question, ...options.map((option, index) => `${index + 1}. ${option}`)].join('\n'));
    return 'The person is asked. Your turn ends here; the answer comes with their next message.';
  }
}
