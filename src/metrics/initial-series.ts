import type { LabelDomain } from './catalog/label-domain.js';
import { METRICS, type MetricName } from './catalog/metric-catalog.js';

interface Series {
  readonly name: MetricName;
  readonly labels: Readonly<Record<string, string>>;
}

/**
 * The counters whose labels are known before anything happens. Shown as 0 from the start, because
 * `rate()` cannot see the increment that brings a series into being.
 */
export function initialSeries(models: readonly string[]): Series[] {
  return Object.entries(METRICS).flatMap(([name, { type, labels }]) =>
    type === 'counter' ? combinations(labels, models).map((combination) => ({ name: name as MetricName, labels: combination })) : [],
  );
}

/** Every combination of label values; none when a label's values are not known yet. */
function combinations(domains: Readonly<Record<string, LabelDomain>>, models: readonly string[]): Record<string, string>[] {
  let combined: Record<string, string>[] = [{}];
  for (const [label, domain] of Object.entries(domains)) {
    combined = valuesOf(domain, models).flatMap((value) => combined.map((others) => ({ ...others, [label]: value })));
  }
  return combined;
}

function valuesOf(domain: LabelDomain, models: readonly string[]): readonly string[] {
  if (domain.kind === 'fixed') return domain.values;
  return domain.kind === 'declared' && domain.vocabulary === 'model' ? models : [];
}
