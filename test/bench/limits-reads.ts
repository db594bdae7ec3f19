import 'reflect-metadata';
import { SystemClock } from '../../src/common/index.js';
import type { LimitKey } from '../../src/limits/index.js';
import { LimitsService } from '../../src/limits/limits.service.js';
import { LIMIT_KEYS } from '../../src/limits/limits-view.js';
import type { StoredLimits } from '../../src/limits/stored-limits.js';

const READS = 10_000_000;
const SNAPSHOTS = 500_000;
const ROUNDS = 5;

/**
 * Reads of limits on one core, with overrides, an experiment and (in the last line) an emergency in force.
 * A script of its own: inside Jest's module sandbox every imported name costs a look-up.
 */
function run(): void {
  const calm = serviceWith(null);
  const subject = { userId: 'alice', plan: 'free', intent: 'fix' } as const;
  const snapshot = calm.snapshot(subject);
  report('value(key)', READS, (index) => Number(calm.value(keyAt(index))));
  report('of(snapshot, key)', READS, (index) => Number(calm.of(snapshot, keyAt(index))));
  report('snapshot(subject), experiment running', SNAPSHOTS, () => calm.snapshot(subject).revision);
  const emergency = serviceWith({ 'iteration.maxByIntent.fix': 2, 'model.maxOutputTokens': 10_000 });
  report('of(snapshot, key), emergency on', READS, (index) => Number(emergency.of(snapshot, keyAt(index))));
}

function serviceWith(emergencyValues: Readonly<Record<string, number>> | null): LimitsService {
  const service = new LimitsService({ limitsProfile: 'production', limitVariables: { LIMIT_ITERATION_MAX_EMPTY: '4' } }, new SystemClock());
  const by = { reason: 'bench', createdBy: 'bench', createdAt: new Date(), expiresAt: null };
  const stored: StoredLimits = {
    revision: 1,
    overrides: [
      { key: 'iteration.maxByIntent.fix', scope: { kind: 'intent', id: 'fix' }, value: 9, ...by },
      { key: 'tool.maxPerIteration', scope: { kind: 'user', id: 'alice' }, value: 8, ...by },
    ],
    emergency: emergencyValues && { values: new Map(Object.entries(emergencyValues)), ...by },
    experiments: [
      {
        id: 'experiment',
        trafficSalt: 'a',
        armSalt: 'b',
        trafficBasisPoints: 10_000,
        targeting: {},
        arms: [
          { name: 'control', weight: 1, values: new Map() },
          { name: 'more', weight: 1, values: new Map([['model.maxOutputTokens', 300_000]]) },
        ],
      },
    ],
  };
  service.apply(stored);
  return service;
}

function keyAt(index: number): LimitKey {
  return LIMIT_KEYS[index % LIMIT_KEYS.length] as LimitKey;
}

/** Prints the median of some rounds. The sum keeps the reads from being optimised away. */
function report(what: string, times: number, read: (index: number) => number): void {
  let sum = 0;
  const rates = Array.from({ length: ROUNDS }, () => {
    const startedAt = performance.now();
    for (let index = 0; index < times; index++) sum += read(index);
    return times / ((performance.now() - startedAt) / 1000);
  }).sort((a, b) => a - b);
  const median = rates[Math.floor(ROUNDS / 2)] ?? 0;
  console.log(`${what.padEnd(40)} ${(median / 1e6).toFixed(1).padStart(7)} million/s  (checksum ${sum})`);
}

run();
