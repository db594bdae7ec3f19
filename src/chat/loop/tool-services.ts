import { Injectable } from '@nestjs/common';
import { AppError } from '../../common/index.js';
import { ModelError } from '../../models/index.js';
import { type RunServices, ToolError } from '../../tools/index.js';
import { Architect } from '../architect/architect.js';
import type { RunContext } from './run-context.js';

/** What a run does for its tools: it asks its person, or the architect. */
@Injectable()
export class ToolServices {
  constructor(private readonly architect: Architect) {}

  of(context: RunContext): RunServices {
    return {
      askUser: (question) => {
        context.question = context.question === undefined ? question : `${context.question}\n\n${question}`;
      },
      consultArchitect: (question, signal) => this.consult(context, question, signal),
    };
  }

  private async consult(context: RunContext, question: string, signal: AbortSignal): Promise<string> {
    try {
      return (await this.architect.consult(context, question, signal)) || 'The architect had nothing to say.';
    } catch (error) {
      if (error instanceof AppError && error.kind !== 'internal') throw new ToolError('limit_reached', error.message, { cause: error });
      if (error instanceof ModelError) throw new ToolError('unavailable', 'The architect does not answer at the moment. Go on without.', { cause: error });
      throw error;
    }
  }
}
