import { Inject, Injectable } from '@nestjs/common';
import { CLOCK, type Clock } from '../common/index.js';
import { PrismaService } from '../database/index.js';

const DAY_MS = 86_400_000;

/** Rows that only need to be forgotten. */
@Injectable()
export class ExpiredRows {
  constructor(
    private readonly prisma: PrismaService,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  deleteIdempotencyKeys(batchSize: number): Promise<number> {
    const now = new Date(this.clock.now());
    return this.prisma.$executeRaw`
      DELETE FROM idempotency_records WHERE (user_id, scope, key) IN (
        SELECT user_id, scope, key FROM idempotency_records WHERE expires_at < ${now} ORDER BY expires_at LIMIT ${batchSize})`;
  }

  deleteIncidents(days: number, batchSize: number): Promise<number> {
    const before = new Date(this.clock.now() - days * DAY_MS);
    return this.prisma.$executeRaw`
      DELETE FROM failure_incidents WHERE id IN (SELECT id FROM failure_incidents WHERE created_at < ${before} ORDER BY created_at LIMIT ${batchSize})`;
  }
}
