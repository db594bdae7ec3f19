import type { AlertFacts } from './alert-facts.service.js';
import type { AlertRule, AlertSeverity } from './alert-rules.js';

/** `no_data`: nothing, or too little, was measured to say. */
export type AlertState = 'firing' | 'ok' | 'no_data';

export interface Alert {
  readonly id: string;
  readonly severity: AlertSeverity;
  readonly state: AlertState;
  /** what was measured, in `unit`; null when nothing was */
  readonly value: number | null;
  /** the alert fires above it */
  readonly threshold: number;
  readonly unit: AlertRule['unit'];
  /** key of the limit that sets the threshold; null where it is fixed */
  readonly limit: string | null;
  readonly advice: string;
}

/** @param minRuns completed and failed runs that rates and means need to say anything */
export function evaluateAlert(rule: AlertRule, facts: AlertFacts, threshold: number, minRuns: number): Alert {
  const value = rule.value(facts);
  const isTooFew = rule.needsRuns && facts.runs.completed + facts.runs.failed < minRuns;
  return {
    id: rule.id,
    severity: rule.severity,
    state: value === null || isTooFew ? 'no_data' : value > threshold ? 'firing' : 'ok',
    value,
    threshold,
    unit: rule.unit,
    limit: typeof rule.threshold === 'string' ? rule.threshold : null,
    advice: rule.advice,
  };
}
