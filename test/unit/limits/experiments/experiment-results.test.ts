import type { ArmStatistics } from '../../../../src/limits/experiments/arm-statistics.js';
import { summarise } from '../../../../src/limits/experiments/experiment-results.js';
import { findHarm } from '../../../../src/limits/experiments/guardrails.js';
import { EXPERIMENT_METRICS, type ExperimentMetric } from '../../../../src/limits/experiments/metrics.js';
import type { Sample } from '../../../../src/limits/experiments/statistics/welch.js';

const ARMS = [
  { name: 'control', weight: 1, values: {} },
  { name: 'treatment', weight: 1, values: { 'iteration.maxByIntent.fix': 5 } },
];

function statisticsOf(metric: ExperimentMetric, sample: Sample, exposedUsers = sample.count): ArmStatistics {
  const metrics = Object.fromEntries(EXPERIMENT_METRICS.map((name) => [name, name === metric ? sample : { count: 0, mean: 0, variance: 0 }]));
  return { exposedUsers, runs: 0, failures: {}, metrics: metrics as Record<ExperimentMetric, Sample> };
}

const both = (metric: ExperimentMetric, control: Sample, treatment: Sample): Map<string, ArmStatistics> =>
  new Map([
    ['control', statisticsOf(metric, control)],
    ['treatment', statisticsOf(metric, treatment)],
  ]);

const sample = (count: number, mean: number, variance: number): Sample => ({ count, mean, variance });

describe('summarise', () => {
  it('compares every arm with the first one', () => {
    const { arms, sampleRatio } = summarise(ARMS, both('tokens', sample(1_000, 100, 400), sample(1_000, 110, 400)));
    expect(arms[0]).toMatchObject({ isControl: true, metrics: { tokens: { mean: 100, standardDeviation: 20, versusControl: null } } });
    const versus = arms[1]?.metrics.tokens.versusControl;
    expect(versus).toMatchObject({ difference: 10, relative: 0.1 });
    expect(versus?.lower).toBeGreaterThan(8);
    expect(versus?.upper).toBeLessThan(12);
    expect(sampleRatio.alarm).toBe(false);
  });

  it('raises the alarm when the arms hold other users than they should', () => {
    const statistics = new Map([
      ['control', statisticsOf('tokens', sample(0, 0, 0), 5_170)],
      ['treatment', statisticsOf('tokens', sample(0, 0, 0), 4_830)],
    ]);
    expect(summarise(ARMS, statistics).sampleRatio.alarm).toBe(true);
  });

  it('draws no conclusion from nothing', () => {
    const { arms, usersPerArmNeeded } = summarise(ARMS, both('tokens', sample(0, 0, 0), sample(0, 0, 0)));
    expect(arms[1]?.metrics.tokens.versusControl).toBeNull();
    expect(usersPerArmNeeded.tokens).toBeNull();
  });
});

describe('findHarm', () => {
  const failures = (tolerance = 0) => [{ metric: 'failureRate' as const, tolerance }];
  const harmful = both('failureRate', sample(200, 0.05, 0.02), sample(200, 0.5, 0.1));

  it('names the arm and the metric', () => {
    expect(findHarm(ARMS, failures(), harmful, 50)).toBe('guardrail failureRate: arm treatment has 0.5000 where the control has 0.05000');
  });

  it('waits until an arm has its fewest users, and judges from then on', () => {
    expect(findHarm(ARMS, failures(), harmful, 201)).toBeNull();
    expect(findHarm(ARMS, failures(), harmful, 200)).not.toBeNull();
  });

  it('leaves an improvement alone, whichever way the metric goes', () => {
    expect(findHarm(ARMS, failures(), both('failureRate', sample(200, 0.5, 0.1), sample(200, 0.05, 0.02)), 50)).toBeNull();
    const success = [{ metric: 'successRate' as const, tolerance: 0 }];
    expect(findHarm(ARMS, success, both('successRate', sample(200, 0.5, 0.1), sample(200, 0.95, 0.02)), 50)).toBeNull();
    expect(findHarm(ARMS, success, both('successRate', sample(200, 0.95, 0.02), sample(200, 0.5, 0.1)), 50)).not.toBeNull();
  });

  it('leaves what may be chance alone', () => {
    expect(findHarm(ARMS, failures(), both('failureRate', sample(60, 0.05, 0.05), sample(60, 0.12, 0.1)), 50)).toBeNull();
  });

  it('tolerates as much as the guardrail says', () => {
    const worse = both('tokens', sample(5_000, 100, 25), sample(5_000, 108, 25));
    expect(findHarm(ARMS, [{ metric: 'tokens', tolerance: 0 }], worse, 50)).not.toBeNull();
    expect(findHarm(ARMS, [{ metric: 'tokens', tolerance: 0.1 }], worse, 50)).toBeNull();
  });
});
