import { type ArgumentsHost, Catch, type ExceptionFilter } from '@nestjs/common';
import type { Response } from 'express';
import { type Problem, refuse } from '../../http/index.js';
import { openAiError } from './openai-error.js';

/** Status, headers and code of an error are those of the problem document; its body is what OpenAI's clients read. */
@Catch()
export class OpenAiErrorFilter implements ExceptionFilter {
  catch(thrown: unknown, host: ArgumentsHost): void {
    const problem = refuse(thrown, host);
    if (!problem) return;
    const { status, code, detail } = problem;
    host.switchToHttp().getResponse<Response>().status(status).json(openAiError(code, detail, status, firstFieldOf(problem)));
  }
}

function firstFieldOf({ errors }: Problem): string | null {
  const [first] = Array.isArray(errors) ? (errors as { field?: string }[]) : [];
  return first?.field || null;
}
