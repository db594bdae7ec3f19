import type { ServerResponse } from 'node:http';
import { Controller, Header, Headers, Inject, type MessageEvent, Res, Sse, UseFilters } from '@nestjs/common';
import { ApiNoContentResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Observable, type Subscriber } from 'rxjs';
import { CLOCK, type Clock, type Principal } from '../../common/index.js';
import { CurrentPrincipal, ProblemFilter, RequiresScope } from '../../http/index.js';
import { NothingMoreError } from '../connection/nothing-more.error.js';
import { OpenStreams } from '../connection/open-streams.js';
import { parseCursor } from './cursor.js';
import { NothingMoreFilter } from './nothing-more.filter.js';

const FRAMES = 10;
const INTERVAL_MS = 300;

/** Shows what stands between server and client: frames that were sent one by one and arrive together were held back by some layer. */
@ApiTags('runs')
@RequiresScope('chat')
@Controller('api/chat/stream-check')
@UseFilters(ProblemFilter, NothingMoreFilter)
export class StreamCheckController {
  constructor(
    private readonly openStreams: OpenStreams,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  // Nest's own headers forbid compressing, proxy buffering and caching; this one keeps clients from holding bytes back to guess their type.
  @Header('X-Content-Type-Options', 'nosniff')
  @Sse()
  @ApiOperation({ summary: `Timed frames, ${FRAMES} at ${INTERVAL_MS} ms each, to see whether anything on the way buffers streams` })
  @ApiOkResponse({ description: 'text/event-stream of {index, of, intervalMs, at}', content: { 'text/event-stream': { schema: { type: 'string' } } } })
  @ApiNoContentResponse({ description: 'You have had all frames.' })
  check(
    @Headers('last-event-id') lastEventId: string | undefined,
    @CurrentPrincipal() principal: Principal,
    @Res({ passthrough: true }) response: ServerResponse,
  ): Observable<MessageEvent> {
    const afterIndex = parseCursor(lastEventId, undefined);
    if (afterIndex >= FRAMES) throw new NothingMoreError();
    const connection = this.openStreams.admit(principal.userId, response);
    return new Observable((subscriber) => {
      connection.attach({ requestEnd: () => subscriber.complete() });
      return this.sendFrom(afterIndex + 1, subscriber);
    });
  }

  /** @returns how to stop */
  private sendFrom(first: number, subscriber: Subscriber<MessageEvent>): () => void {
    let cancelNext: (() => void) | undefined;
    const send = (index: number): void => {
      const at = new Date(this.clock.now()).toISOString();
      subscriber.next({ id: String(index), type: 'stream.check', data: { index, of: FRAMES, intervalMs: INTERVAL_MS, at } });
      if (index === FRAMES) subscriber.complete();
      else cancelNext = this.clock.schedule(() => send(index + 1), INTERVAL_MS);
    };
    send(first);
    return () => cancelNext?.();
  }
}
