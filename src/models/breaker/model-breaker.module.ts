import { Module } from '@nestjs/common';
import { CLOCK, type Clock } from '../../common/index.js';
import { type Limits, LIMITS_READER } from '../../limits/index.js';
import { REDIS, type RedisServer } from '../../redis/index.js';
import { MemoryModelBreaker } from './memory.model-breaker.js';
import { MODEL_BREAKER, type ModelBreaker } from './model-breaker.port.js';
import { RedisModelBreaker } from './redis.model-breaker.js';

/** The breakers of all models, shared with the other instances when there is a Redis. Needs the limits and CLOCK. */
@Module({
  providers: [
    {
      provide: MODEL_BREAKER,
      inject: [LIMITS_READER, CLOCK, { token: REDIS, optional: true }],
      useFactory: (limits: Limits, clock: Clock, redis?: RedisServer): ModelBreaker => (redis ? new RedisModelBreaker(redis, limits, clock) : new MemoryModelBreaker(limits, clock)),
    },
  ],
  exports: [MODEL_BREAKER],
})
export class ModelBreakerModule {}
