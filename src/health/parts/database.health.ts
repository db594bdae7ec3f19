import { Inject, Injectable } from '@nestjs/common';
import { type HealthIndicatorResult, HealthIndicatorService } from '@nestjs/terminus';
import { DATABASE_CONNECTION, type DatabaseConnection } from '../../database/index.js';
import { LIMITS_READER, type Limits } from '../../limits/index.js';
import type { HealthPart } from '../health-part.port.js';

@Injectable()
export class DatabaseHealth implements HealthPart {
  readonly name = 'database';

  constructor(
    private readonly indicators: HealthIndicatorService,
    @Inject(DATABASE_CONNECTION) private readonly connection: DatabaseConnection,
    @Inject(LIMITS_READER) private readonly limits: Limits,
  ) {}

  async check(): Promise<HealthIndicatorResult> {
    return this.indicators
      .check(this.name)
      .attempt(async () => {
        await this.connection.query('SELECT 1');
      })
      .withTimeout(this.limits.value('health.timeoutMs'));
  }
}
