import type { Limits } from '../../limits/index.js';

export interface BreakerThresholds {
  readonly windowMs: number;
  readonly minCalls: number;
  readonly failureShare: number;
  readonly openMs: number;
}

/** As they are now: a breaker belongs to no run. */
export function breakerThresholds(limits: Limits): BreakerThresholds {
  return {
    windowMs: limits.value('breaker.windowMs'),
    minCalls: limits.value('breaker.minCalls'),
    failureShare: limits.value('breaker.failureShare'),
    openMs: limits.value('breaker.openMs'),
  };
}
