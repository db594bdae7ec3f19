import { Inject, Injectable } from '@nestjs/common';
import { type HealthIndicatorResult, HealthIndicatorService } from '@nestjs/terminus';
import { LIMITS_READER, type Limits } from '../../limits/index.js';
import { REDIS, type RedisServer } from '../../redis/index.js';
import type { HealthPart } from '../health-part.port.js';

/** The streams and the queue of several instances go through Redis, when one is configured. */
@Injectable()
export class RedisHealth implements HealthPart {
  readonly name = 'redis';

  constructor(
    private readonly indicators: HealthIndicatorService,
    @Inject(REDIS) private readonly redis: RedisServer | undefined,
    @Inject(LIMITS_READER) private readonly limits: Limits,
  ) {}

  get isConfigured(): boolean {
    return this.redis !== undefined;
  }

  async check(): Promise<HealthIndicatorResult> {
    return this.indicators
      .check(this.name)
      .attempt(async () => {
        await this.redis?.commands.ping();
      })
      .withTimeout(this.limits.value('health.timeoutMs'));
  }
}
