import { memoryUsage } from 'node:process';
import { getHeapStatistics } from 'node:v8';
import { Inject, Injectable } from '@nestjs/common';
import { type HealthIndicatorResult, HealthIndicatorService } from '@nestjs/terminus';
import { LIMITS_READER, type Limits } from '../../limits/index.js';
import type { HealthPart } from '../health-part.port.js';

/** How near the process is to the end of its heap, where it would be killed. */
@Injectable()
export class MemoryHealth implements HealthPart {
  readonly name = 'memory';

  constructor(
    private readonly indicators: HealthIndicatorService,
    @Inject(LIMITS_READER) private readonly limits: Limits,
  ) {}

  async check(): Promise<HealthIndicatorResult> {
    const indicator = this.indicators.check(this.name);
    const { used_heap_size: heapUsedBytes, heap_size_limit: heapLimitBytes } = getHeapStatistics();
    const figures = { heapUsedBytes, heapLimitBytes, residentBytes: memoryUsage.rss() };
    const usedPercent = (heapUsedBytes / heapLimitBytes) * 100;
    return usedPercent > this.limits.value('health.maxHeapPercent') ? indicator.degraded(figures) : indicator.up(figures);
  }
}
