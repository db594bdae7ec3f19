import { Controller, Inject, Logger, type MessageEvent, Query, Sse } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Observable } from 'rxjs';
import { AppError, CLOCK, type Clock, DrainState, type Principal } from '../../common/index.js';
import { CurrentPrincipal, RequiresScope } from '../../http/index.js';
import { LIMITS_READER, type Limits } from '../../limits/index.js';
import type { ReportSubject } from './finished-runs.js';
import { LiveFigures } from './live-figures.js';
import { assertWithin, type ReportQuery, reportQuerySchema, resolveScope } from './report-query.js';

@ApiTags('metrics')
@RequiresScope('metrics')
@Controller('api/metrics/live')
export class LiveController {
  private readonly logger = new Logger(LiveController.name);
  private viewers = 0;

  constructor(
    private readonly live: LiveFigures,
    private readonly drain: DrainState,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(LIMITS_READER) private readonly limits: Limits,
  ) {}

  @Sse()
  @ApiOperation({ summary: 'The figures of the last hours every metrics.liveIntervalMs, compared with the hours before; admins see all runs unless scope=own' })
  @ApiOkResponse({ description: 'text/event-stream of `figures` {at, figures, change}; `problem` {detail} when they could not be made', content: { 'text/event-stream': { schema: { type: 'string' } } } })
  watch(@CurrentPrincipal() principal: Principal, @Query({ schema: reportQuerySchema }) query: ReportQuery): Observable<MessageEvent> {
    const { subject } = resolveScope(principal, query.scope);
    assertWithin('hours', query.hours, this.limits.value('metrics.maxWindowHours'), 'metrics.maxWindowHours');
    const max = this.limits.value('metrics.maxLiveViewers');
    if (this.viewers >= max) throw new AppError('streams_full', `${max} live views are open on this instance (limit metrics.maxLiveViewers).`);
    this.viewers++;
    return this.follow(query.hours, subject);
  }

  /** One update after the other: a slow database makes updates rarer, never more at a time. */
  private follow(hours: number, subject: ReportSubject): Observable<MessageEvent> {
    return new Observable((subscriber) => {
      let cancelNext: (() => void) | undefined;
      const update = async (): Promise<void> => {
        const message = await this.message(hours, subject);
        if (subscriber.closed) return;
        subscriber.next(message);
        if (this.drain.isDraining) subscriber.complete();
        else cancelNext = this.clock.schedule(() => void update(), this.limits.value('metrics.liveIntervalMs'));
      };
      void update();
      return () => {
        cancelNext?.();
        this.viewers--;
      };
    });
  }

  private async message(hours: number, subject: ReportSubject): Promise<MessageEvent> {
    try {
      return { type: 'figures', data: await this.live.latest(hours, subject) };
    } catch (error) {
      this.logger.warn({ message: 'live figures could not be made', error });
      return { type: 'problem', data: { detail: 'The figures cannot be read at the moment.' } };
    }
  }
}
