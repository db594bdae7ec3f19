import { type ArgumentsHost, Catch, type ExceptionFilter } from '@nestjs/common';
import type { Response } from 'express';
import { refuse } from './refuse.js';

/** Turns every error that reaches the edge into problem+json; what is not meant for clients is logged and hidden. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  catch(thrown: unknown, host: ArgumentsHost): void {
    const problem = refuse(thrown, host);
    if (!problem) return;
    host.switchToHttp().getResponse<Response>().status(problem.status).type('application/problem+json').send(JSON.stringify(problem));
  }
}
