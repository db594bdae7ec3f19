import { type ArgumentsHost, Catch, type ExceptionFilter } from '@nestjs/common';
import type { Response } from 'express';
import { NothingMoreError } from '../connection/nothing-more.error.js';

/** 204 tells an EventSource to stop reconnecting. */
@Catch(NothingMoreError)
export class NothingMoreFilter implements ExceptionFilter<NothingMoreError> {
  catch(_: NothingMoreError, host: ArgumentsHost): void {
    host.switchToHttp().getResponse<Response>().status(204).end();
  }
}
