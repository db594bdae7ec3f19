import { Inject, Injectable } from '@nestjs/common';
import type { Intent } from '../../common/index.js';
import { type Limits, LIMITS_READER, type LimitsSnapshot } from '../../limits/index.js';
import { RunMonitor } from './run-monitor.js';

export interface MonitoredRun {
  readonly intent: Intent;
  /** The run's snapshot; emergency values go before it whenever a threshold is read (I6). */
  readonly limits: LimitsSnapshot;
  /** Whether there is an architect model to ask. Default false. */
  readonly hasArchitect?: boolean;
}

/** Makes the monitor of each run. */
@Injectable()
export class RunMonitors {
  constructor(@Inject(LIMITS_READER) private readonly limits: Limits) {}

  start({ intent, limits, hasArchitect = false }: MonitoredRun): RunMonitor {
    return new RunMonitor({
      intent,
      hasArchitect,
      thresholds: (key) => this.limits.of(limits, key),
      maxIterations: () => this.limits.of(limits, `iteration.maxByIntent.${intent}`),
    });
  }
}
