import { FailureDetectionService, type FailureSignal, type RecoveryDecision, type RecoveryHistory, recoveryLimitsOf } from '../../../src/failure-detection/index.js';
import type { LimitValues } from '../../../src/limits/index.js';
import { FixedLimits } from '../../support/streaming/fixed-limits.js';

const overloaded: FailureSignal = { source: 'model', kind: 'http', status: 503 };
const rateLimited = (retryDelayMs: number): FailureSignal => ({ source: 'model', kind: 'http', status: 429, retryDelayMs });

/** What a run under these limits decides, chance left out. */
function decide(signal: FailureSignal, values: Partial<LimitValues>, history: Partial<RecoveryHistory> = {}): RecoveryDecision {
  const limits = new FixedLimits(values);
  const service = new FailureDetectionService(() => 0.5);
  const fresh = { attemptsOfPattern: 0, retriesOfRun: 0, backoffMsOfRun: 0, hasFallbackModel: false, hasArchitect: false };
  return service.generateRecoveryAction(service.detectFailurePatterns(signal), { ...fresh, ...history }, recoveryLimitsOf(limits, limits.snapshot()));
}

it('retry.maxPerRun: that many retries, then the end', () => {
  const after = (retriesOfRun: number): string => decide(overloaded, { 'retry.maxPerRun': 3 }, { retriesOfRun }).action;
  expect([2, 3, 4].map(after)).toEqual(['retry', 'stop', 'stop']);
});

it('retry.maxBackoffMs: a wait that fits exactly is made, one millisecond more is not', () => {
  const after = (backoffMsOfRun: number): string => decide(overloaded, { 'retry.maxBackoffMs': 5_000, 'retry.firstDelayMs': 1_000 }, { backoffMsOfRun }).action;
  expect([3_999, 4_000, 4_001].map(after)).toEqual(['retry', 'retry', 'stop']);
});

it('retry.firstDelayMs: the first wait is that long, the second twice that', () => {
  const wait = (attemptsOfPattern: number): unknown => decide(overloaded, { 'retry.firstDelayMs': 300 }, { attemptsOfPattern });
  expect([wait(0), wait(1), wait(2)]).toMatchObject([{ delayMs: 300 }, { delayMs: 600 }, { delayMs: 1_200 }]);
});

it('retry.maxDelayMs: no wait is longer', () => {
  const third = (maxDelayMs: number): unknown => decide(overloaded, { 'retry.firstDelayMs': 1_000, 'retry.maxDelayMs': maxDelayMs }, { attemptsOfPattern: 2 });
  expect([third(3_999), third(4_000), third(4_001)]).toMatchObject([{ delayMs: 3_999 }, { delayMs: 4_000 }, { delayMs: 4_000 }]);
});

it('retry.maxServerDelayMs: a provider that asks for more is not waited for', () => {
  const asked = (retryDelayMs: number): string => decide(rateLimited(retryDelayMs), { 'retry.maxServerDelayMs': 10_000 }).action;
  expect([9_999, 10_000, 10_001].map(asked)).toEqual(['retry', 'retry', 'stop']);
});
