import { type BeforeApplicationShutdown, Inject, Injectable, Logger } from '@nestjs/common';
import { CLOCK, type Clock } from '../common/index.js';
import { PrismaService } from '../database/index.js';
import { LIMITS_READER, type Limits } from '../limits/index.js';

const PRECISION_MS = 60_000;

/** Keeps `lastUsedAt` of API keys to the minute, beside the requests and not in them. */
@Injectable()
export class KeyUseRecorder implements BeforeApplicationShutdown {
  private readonly logger = new Logger(KeyUseRecorder.name);
  /** When a use of a key was last written from here. */
  private readonly writtenAtMs = new Map<string, number>();
  private readonly writing = new Set<Promise<void>>();
  private isClosed = false;

  constructor(
    private readonly prisma: PrismaService,
    @Inject(LIMITS_READER) private readonly limits: Limits,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** @param storedAtMs the use that the row was known to hold when it was read */
  record(keyId: string, storedAtMs: number): void {
    const nowMs = this.clock.now();
    const lastMs = Math.max(storedAtMs, this.writtenAtMs.get(keyId) ?? 0);
    if (this.isClosed || nowMs - lastMs < PRECISION_MS) return;
    this.remember(keyId, nowMs);
    const write = this.write(keyId, new Date(nowMs)).finally(() => this.writing.delete(write));
    this.writing.add(write);
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.isClosed = true; // the database is about to go
    await Promise.all(this.writing);
  }

  private remember(keyId: string, nowMs: number): void {
    this.writtenAtMs.delete(keyId);
    this.writtenAtMs.set(keyId, nowMs);
    const [oldest] = this.writtenAtMs.keys();
    if (oldest !== undefined && this.writtenAtMs.size > this.limits.value('auth.cacheSize')) this.writtenAtMs.delete(oldest);
  }

  private async write(id: string, lastUsedAt: Date): Promise<void> {
    try {
      await this.prisma.apiKey.updateMany({ where: { id }, data: { lastUsedAt } });
    } catch (error) {
      this.logger.warn({ message: 'the use of an API key was not recorded', keyId: id, error }); // the next minute tries again
    }
  }
}
