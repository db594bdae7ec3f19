import type { StoredArm } from './experiment.js';
import type { ArmStatistics } from './arm-statistics.js';
import { EXPERIMENT_METRICS, type ExperimentMetric } from './metrics.js';
import { checkSampleRatio, type SampleRatio } from './statistics/sample-ratio.js';
import { type Detection, usersPerArm } from './statistics/sample-size.js';
import { type Difference, type Sample, welchDifference } from './statistics/welch.js';

const CONFIDENCE = 0.95;
const DETECTION: Detection = { relativeEffect: 0.1, power: 0.8, significance: 1 - CONFIDENCE };

export interface MetricResult {
  /** Users with a value. */
  readonly users: number;
  readonly mean: number;
  readonly standardDeviation: number;
  /** Against the control; null for the control itself and while there are too few users. */
  readonly versusControl: (Difference & { /** As a share of the control's mean; null when that is zero. */ readonly relative: number | null }) | null;
}

export interface ArmResult {
  readonly name: string;
  readonly isControl: boolean;
  readonly weight: number;
  readonly exposedUsers: number;
  readonly runs: number;
  readonly failures: Readonly<Record<string, number>>;
  readonly metrics: Readonly<Record<ExperimentMetric, MetricResult>>;
}

export interface ExperimentResults {
  readonly confidence: number;
  readonly sampleRatio: SampleRatio;
  /** Users each arm needs to find a change of 10 % with a power of 80 %, as the control looks so far. Read the intervals once, when they are there. */
  readonly usersPerArmNeeded: Readonly<Record<ExperimentMetric, number | null>>;
  readonly arms: readonly ArmResult[];
}

/** @param arms the control first */
export function summarise(arms: readonly StoredArm[], statistics: ReadonlyMap<string, ArmStatistics>): ExperimentResults {
  const statisticsOf = (arm: StoredArm | undefined): ArmStatistics => {
    const found = arm && statistics.get(arm.name);
    if (!found) throw new Error('There are no statistics for one of the arms.');
    return found;
  };
  const control = statisticsOf(arms[0]);
  return {
    confidence: CONFIDENCE,
    sampleRatio: checkSampleRatio(arms.map((arm) => statisticsOf(arm).exposedUsers), arms.map(({ weight }) => weight)),
    usersPerArmNeeded: forEachMetric((metric) => usersPerArm(control.metrics[metric], DETECTION)),
    arms: arms.map((arm, index) => {
      const { exposedUsers, runs, failures, metrics } = statisticsOf(arm);
      return {
        name: arm.name,
        isControl: index === 0,
        weight: arm.weight,
        exposedUsers,
        runs,
        failures,
        metrics: forEachMetric((metric) => compare(metrics[metric], index === 0 ? undefined : control.metrics[metric])),
      };
    }),
  };
}

function compare(sample: Sample, control: Sample | undefined): MetricResult {
  const difference = control && welchDifference(sample, control, CONFIDENCE);
  return {
    users: sample.count,
    mean: sample.mean,
    standardDeviation: Math.sqrt(sample.variance),
    versusControl: control && difference ? { ...difference, relative: control.mean === 0 ? null : difference.difference / control.mean } : null,
  };
}

function forEachMetric<Result>(compute: (metric: ExperimentMetric) => Result): Record<ExperimentMetric, Result> {
  return Object.fromEntries(EXPERIMENT_METRICS.map((metric) => [metric, compute(metric)])) as Record<ExperimentMetric, Result>;
}
