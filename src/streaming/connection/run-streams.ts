import type { ServerResponse } from 'node:http';
import { Inject, Injectable, type MessageEvent } from '@nestjs/common';
import { Observable } from 'rxjs';
import { AppError, CLOCK, type Clock } from '../../common/index.js';
import { type Limits, LIMITS_READER } from '../../limits/index.js';
import { Metrics } from '../../metrics/index.js';
import { RunTails } from '../run-tails.js';
import { NothingMoreError } from './nothing-more.error.js';
import { OpenStreams } from './open-streams.js';
import { RunStream, type StreamServices } from './run-stream.js';
import { RunViewers } from './run-viewers.js';
import type { StreamProtocol } from './stream-protocol.js';

export interface RunStreamRequest {
  readonly runId: string;
  /** The last sequence number the client has; 0 for everything. */
  readonly afterSeq: number;
  readonly userId: string;
}

/** Opens event streams of runs, in any protocol. */
@Injectable()
export class RunStreams {
  private readonly services: StreamServices;

  constructor(
    private readonly tails: RunTails,
    private readonly openStreams: OpenStreams,
    private readonly viewers: RunViewers,
    private readonly metrics: Metrics,
    @Inject(CLOCK) clock: Clock,
    @Inject(LIMITS_READER) limits: Limits,
  ) {
    this.services = { tails, clock, limits, metrics };
  }

  /**
   * Refuses now what can be refused with a status; the Observable itself never errors.
   * @throws AppError `run_not_found`, also for a run of somebody else; `limit_exceeded`; `streams_full`; `event_log_unavailable`
   * @throws NothingMoreError when the client has the terminal event
   */
  async open(request: RunStreamRequest, response: ServerResponse, protocol: StreamProtocol): Promise<Observable<MessageEvent>> {
    const { runId, afterSeq, userId } = request;
    if (!(await this.tails.isOwnedBy(runId, userId))) throw new AppError('run_not_found', `There is no run ${runId}. Check the id, or list your conversations.`);
    const position = await this.tails.locate(runId, afterSeq);
    if (position === 'over') throw new NothingMoreError();
    const connection = this.openStreams.admit(userId, response);
    if (!connection.isClosed) connection.onClose(this.viewers.enter(runId));
    if (afterSeq > 0) this.metrics.increment('lomu_stream_resumes_total', { result: position === 'gone' ? 'snapshot' : 'replay' });
    return new Observable((subscriber) => {
      const stream = new RunStream(runId, afterSeq, connection, protocol, this.services, subscriber);
      stream.start();
      return stream;
    });
  }
}
