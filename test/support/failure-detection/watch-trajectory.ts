import type { DetectorFinding } from '../../../src/failure-detection/index.js';
import { RunMonitor } from '../../../src/failure-detection/index.js';
import { type LimitKey, LIMITS } from '../../../src/limits/index.js';
import type { Trajectory } from './trajectory.js';

export interface WatchedFinding extends DetectorFinding {
  readonly iteration: number;
}

interface WatchOptions {
  readonly hasArchitect?: boolean;
  readonly maxIterations?: number;
  /** Thresholds other than the defaults. */
  readonly thresholds?: Readonly<Partial<Record<LimitKey, number>>>;
}

/** A monitor with the default thresholds, or others. */
export function startMonitor(intent: Trajectory['intent'], options: WatchOptions = {}): RunMonitor {
  const { hasArchitect = false, maxIterations = LIMITS['iteration.maxByIntent.fix'].default, thresholds = {} } = options;
  return new RunMonitor({ intent, hasArchitect, maxIterations: () => maxIterations, thresholds: (key) => thresholds[key] ?? LIMITS[key].default });
}

/** What the monitor finds in the steps of a trajectory, up to where it would end the run. */
export function watch({ intent, steps }: Trajectory, options: WatchOptions = {}): WatchedFinding[] {
  const monitor = startMonitor(intent, options);
  const findings: WatchedFinding[] = [];
  for (const step of steps) {
    findings.push(...monitor.observe(step).map((finding) => ({ ...finding, iteration: step.iteration })));
    if (findings.some(({ rung }) => rung === 'stop')) break;
  }
  return findings;
}
