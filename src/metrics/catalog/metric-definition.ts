import type { LabelDomain } from './label-domain.js';

export type MetricUnit = 'seconds' | 'tokens' | 'tokens per second' | 'dollars' | 'requests' | 'runs' | 'calls' | 'streams' | 'failures' | 'jobs' | 'rows' | 'refusals' | 'timestamp' | 'info' | 'state';

interface CommonDefinition {
  readonly unit: MetricUnit;
  /** One sentence for the HELP line and docs/METRICS.md. */
  readonly help: string;
  /** When a person should look at it, or what a change tells. */
  readonly watch: string;
  readonly labels: Readonly<Record<string, LabelDomain>>;
}

export type MetricDefinition =
  | (CommonDefinition & { readonly type: 'counter' })
  | (CommonDefinition & { readonly type: 'gauge' })
  | (CommonDefinition & { readonly type: 'histogram'; readonly buckets: readonly number[] });

type Details<Labels> = Pick<CommonDefinition, 'unit' | 'help' | 'watch'> & { readonly labels: Labels };

/** Only ever grows; the name ends in `_total`. */
export function counter<const Labels extends CommonDefinition['labels']>(details: Details<Labels>) {
  return { type: 'counter', ...details } as const;
}

/** Goes up and down. */
export function gauge<const Labels extends CommonDefinition['labels']>(details: Details<Labels>) {
  return { type: 'gauge', ...details } as const;
}

/** Counts observations in buckets, which add up across instances as a summary's quantiles would not. */
export function histogram<const Labels extends CommonDefinition['labels']>(details: Details<Labels> & { readonly buckets: readonly number[] }) {
  return { type: 'histogram', ...details } as const;
}
