import { type IntervalHistogram, monitorEventLoopDelay } from 'node:perf_hooks';
import { Inject, Injectable, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import { type HealthIndicatorResult, HealthIndicatorService } from '@nestjs/terminus';
import { LIMITS_READER, type Limits } from '../../limits/index.js';
import type { HealthPart } from '../health-part.port.js';

const RESOLUTION_MS = 20;
const NANOSECONDS_PER_MS = 1e6;

/** How long work waits for its turn in this process, since the check before. */
@Injectable()
export class EventLoopHealth implements HealthPart, OnModuleInit, OnModuleDestroy {
  readonly name = 'eventLoop';
  private readonly delays: IntervalHistogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS });

  constructor(
    private readonly indicators: HealthIndicatorService,
    @Inject(LIMITS_READER) private readonly limits: Limits,
  ) {}

  onModuleInit(): void {
    this.delays.enable();
  }

  onModuleDestroy(): void {
    this.delays.disable();
  }

  async check(): Promise<HealthIndicatorResult> {
    const indicator = this.indicators.check(this.name);
    const delayP99Ms = this.takeDelayMs();
    return delayP99Ms > this.limits.value('health.maxEventLoopDelayMs') ? indicator.degraded({ delayP99Ms }) : indicator.up({ delayP99Ms });
  }

  /** The histogram measures whole intervals, the planned wait included. */
  private takeDelayMs(): number {
    const p99Ms = this.delays.percentile(99) / NANOSECONDS_PER_MS;
    this.delays.reset();
    return Math.max(0, Math.round(p99Ms - RESOLUTION_MS));
  }
}
