import { Module } from '@nestjs/common';
import { CLOCK, type Clock } from '../common/index.js';
import { type Limits, LIMITS_READER } from '../limits/index.js';
import { REDIS, type RedisServer } from '../redis/index.js';
import { OpenStreams } from './connection/open-streams.js';
import { RedisSharedViewers } from './connection/redis.shared-viewers.js';
import { RunStreams } from './connection/run-streams.js';
import { RunViewers } from './connection/run-viewers.js';
import { MemoryRunEventLog } from './log/memory.run-event-log.js';
import { RedisRunEventLog } from './log/redis.run-event-log.js';
import { RunEventsController } from './native/run-events.controller.js';
import { StreamCheckController } from './native/stream-check.controller.js';
import { RUN_EVENT_LOG, type RunEventLog } from './run-event-log.port.js';
import { RunTails } from './run-tails.js';

/**
 * The log of what happens in runs, and the streams that show it. Needs from global modules of the application:
 * `RUN_DIRECTORY` (whose run it is), `LIMITS_READER`, `CLOCK` and `Metrics`; and a guard that sets the principal.
 * With a `REDIS`, all instances share one log.
 */
@Module({
  controllers: [RunEventsController, StreamCheckController],
  providers: [
    {
      provide: RUN_EVENT_LOG,
      inject: [CLOCK, LIMITS_READER, { token: REDIS, optional: true }],
      useFactory: (clock: Clock, limits: Limits, redis: RedisServer | undefined): RunEventLog => (redis ? new RedisRunEventLog(redis, clock, limits) : new MemoryRunEventLog(clock, limits)),
    },
    RunTails,
    RunStreams,
    OpenStreams,
    {
      provide: RunViewers,
      inject: [CLOCK, LIMITS_READER, { token: REDIS, optional: true }],
      useFactory: (clock: Clock, limits: Limits, redis: RedisServer | undefined) => new RunViewers(redis && new RedisSharedViewers(redis, clock, limits)),
    },
  ],
  exports: [RUN_EVENT_LOG, RunTails, RunStreams, OpenStreams, RunViewers],
})
export class StreamingModule {}
