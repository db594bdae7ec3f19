import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import { METRICS, type MetricName } from './catalog/metric-catalog.js';
import type { MetricDefinition } from './catalog/metric-definition.js';

/** Defaults of the client library that are gauges with a counter's name; `promtool check metrics` refuses them. */
const ILL_NAMED_DEFAULTS = ['nodejs_active_handles_total', 'nodejs_active_requests_total', 'nodejs_active_resources_total'];

type Labels = Readonly<Record<string, string>>;

/** The only user of the Prometheus client library: one registry, filled from the catalogue, per application. */
export class PrometheusRegistry {
  private readonly registry = new Registry();
  private readonly counters = new Map<MetricName, Counter<string>>();
  private readonly gauges = new Map<MetricName, Gauge<string>>();
  private readonly histograms = new Map<MetricName, Histogram<string>>();
  private readonly readers = new Map<MetricName, () => number>();

  constructor() {
    collectDefaultMetrics({ register: this.registry });
    for (const name of ILL_NAMED_DEFAULTS) this.registry.removeSingleMetric(name);
    for (const [name, definition] of Object.entries(METRICS)) this.add(name as MetricName, definition);
  }

  increment(name: MetricName, labels: Labels, by: number): void {
    this.counters.get(name)?.inc(labels, by);
  }

  set(name: MetricName, labels: Labels, value: number): void {
    this.gauges.get(name)?.set(labels, value);
  }

  observe(name: MetricName, labels: Labels, value: number): void {
    this.histograms.get(name)?.observe(labels, value);
  }

  measure(name: MetricName, read: () => number): void {
    this.readers.set(name, read);
  }

  /** The value of a metric without labels, be it one of the library's own. */
  async read(name: string): Promise<number | undefined> {
    return (await this.registry.getSingleMetric(name)?.get())?.values[0]?.value;
  }

  get contentType(): string {
    return this.registry.contentType;
  }

  /** All metrics in Prometheus' text format. */
  expose(): Promise<string> {
    for (const [name, read] of this.readers) this.set(name, {}, read());
    return this.registry.metrics();
  }

  private add(name: MetricName, definition: MetricDefinition): void {
    const configuration = { name, help: definition.help, labelNames: Object.keys(definition.labels), registers: [this.registry] };
    switch (definition.type) {
      case 'counter':
        this.counters.set(name, new Counter(configuration));
        break;
      case 'gauge':
        this.gauges.set(name, new Gauge(configuration));
        break;
      case 'histogram':
        this.histograms.set(name, new Histogram({ ...configuration, buckets: [...definition.buckets] }));
        break;
    }
  }
}
