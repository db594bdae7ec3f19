import { Inject, Injectable } from '@nestjs/common';
import { CLOCK, type Clock } from '../../common/index.js';
import { type Limits, LIMITS_READER } from '../../limits/index.js';
import type { ModelId } from '../language-model.port.js';
import { breakerThresholds } from './breaker-thresholds.js';
import type { BreakerState, CallOutcome, ModelBreaker } from './model-breaker.port.js';

interface CallRecord {
  windowEndsAtMs: number;
  calls: number;
  failures: number;
  /** Until then no call is let through; undefined when closed. */
  openUntilMs?: number;
}

/** The breakers of one instance. Remembers a model only while something is wrong with it. */
@Injectable()
export class MemoryModelBreaker implements ModelBreaker {
  private readonly records = new Map<ModelId, CallRecord>();

  constructor(
    @Inject(LIMITS_READER) private readonly limits: Limits,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  async admit(model: ModelId): Promise<BreakerState> {
    const record = this.records.get(model);
    const nowMs = this.clock.monotonicMs();
    if (record?.openUntilMs === undefined) return closed(model);
    if (nowMs < record.openUntilMs) return { model, state: 'open', openForMs: record.openUntilMs - nowMs };
    const { openMs } = breakerThresholds(this.limits);
    record.openUntilMs = nowMs + openMs; // the next probe, should nobody hear of this one
    return { model, state: 'probing', openForMs: openMs };
  }

  async report(model: ModelId, outcome: CallOutcome): Promise<BreakerState> {
    const record = this.records.get(model);
    // A success is good news whoever brings it, also a call that was under way when the breaker opened.
    if (record?.openUntilMs !== undefined && outcome === 'succeeded') this.records.delete(model);
    else if (record?.openUntilMs === undefined && outcome !== 'neutral' && (record || outcome === 'failed')) this.count(model, outcome);
    return this.stateOf(model);
  }

  async stateOf(model: ModelId): Promise<BreakerState> {
    const openUntilMs = this.records.get(model)?.openUntilMs;
    return openUntilMs === undefined ? closed(model) : { model, state: 'open', openForMs: Math.max(0, openUntilMs - this.clock.monotonicMs()) };
  }

  private count(model: ModelId, outcome: CallOutcome): void {
    const { windowMs, minCalls, failureShare, openMs } = breakerThresholds(this.limits);
    const nowMs = this.clock.monotonicMs();
    const before = this.records.get(model);
    const record: CallRecord = before && nowMs < before.windowEndsAtMs ? before : { windowEndsAtMs: nowMs + windowMs, calls: 0, failures: 0 };
    record.calls++;
    if (outcome === 'failed') record.failures++;
    if (record.calls >= minCalls && record.failures / record.calls >= failureShare) record.openUntilMs = nowMs + openMs;
    this.remember(model, record);
  }

  private remember(model: ModelId, record: CallRecord): void {
    this.records.delete(model);
    this.records.set(model, record);
    const [oldest] = this.records.keys();
    if (this.records.size > this.limits.value('breaker.maxModels') && oldest !== undefined) this.records.delete(oldest);
  }
}

function closed(model: ModelId): BreakerState {
  return { model, state: 'closed', openForMs: 0 };
}
