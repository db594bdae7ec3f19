import { CALL_METRICS } from './call-metrics.js';
import type { LabelDomain, LabelInput } from './label-domain.js';
import type { MetricDefinition } from './metric-definition.js';
import { OPERATION_METRICS } from './operation-metrics.js';
import { RUN_METRICS } from './run-metrics.js';

/** Every metric of ours that `GET /metrics` shows. docs/METRICS.md is made from this table and a test holds the two together. */
export const METRICS = { ...RUN_METRICS, ...CALL_METRICS, ...OPERATION_METRICS } as const satisfies Record<string, MetricDefinition>;

export type MetricName = keyof typeof METRICS;
type NamesOf<Type extends MetricDefinition['type']> = { [Name in MetricName]: (typeof METRICS)[Name]['type'] extends Type ? Name : never }[MetricName];
export type CounterName = NamesOf<'counter'>;
export type GaugeName = NamesOf<'gauge'>;
export type PlainGaugeName = { [Name in GaugeName]: keyof DomainsOf<Name> extends never ? Name : never }[GaugeName];
export type HistogramName = NamesOf<'histogram'>;

type DomainsOf<Name extends MetricName> = (typeof METRICS)[Name]['labels'];

/** The labels a caller passes for a metric. */
export type LabelsOf<Name extends MetricName> = {
  readonly [Label in keyof DomainsOf<Name>]: DomainsOf<Name>[Label] extends LabelDomain ? LabelInput<DomainsOf<Name>[Label]> : never;
};
