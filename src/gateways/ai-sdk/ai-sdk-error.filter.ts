import { type ArgumentsHost, Catch, type ExceptionFilter } from '@nestjs/common';
import type { Response } from 'express';
import { refuse } from '../../http/index.js';
import { NothingMoreError } from '../../streaming/index.js';
import { errorText } from './ui-message-chunk.js';

/** Status and headers of an error are those of the problem document; the body is what `useChat` shows as `error.message`. */
@Catch()
export class AiSdkErrorFilter implements ExceptionFilter {
  catch(thrown: unknown, host: ArgumentsHost): void {
    const response = host.switchToHttp().getResponse<Response>();
    if (thrown instanceof NothingMoreError) {
      response.status(204).end();
      return;
    }
    const problem = refuse(thrown, host);
    if (problem) response.status(problem.status).type('text/plain').send(errorText(problem.code, problem.detail));
  }
}
