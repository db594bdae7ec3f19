import type { Intent } from '../../common/index.js';
import type { LimitsSnapshot } from '../../limits/index.js';

/** The budgets of a run, as its client is told about them. */
export interface RunLimits {
  readonly revision: number;
  readonly maxIterations: number;
  readonly timeoutMs: number;
  readonly iterationTimeoutMs: number;
  readonly maxOutputTokens: number;
  readonly maxContextTokens: number;
  readonly maxToolCallsPerIteration: number;
}

export function describeLimits({ revision, values }: LimitsSnapshot, intent: Intent): RunLimits {
  return {
    revision,
    maxIterations: values[`iteration.maxByIntent.${intent}`],
    timeoutMs: values[`run.timeoutMs.${intent}`],
    iterationTimeoutMs: values['iteration.timeoutMs'],
    maxOutputTokens: values['model.maxOutputTokens'],
    maxContextTokens: values['model.maxContextTokens'],
    maxToolCallsPerIteration: values['tool.maxPerIteration'],
  };
}
