import { Inject, Injectable } from '@nestjs/common';
import { totalTokens } from '../common/index.js';
import { CONFIG, type Config, LOMU_VERSION } from '../config/index.js';
import type { HttpExchange } from '../http/index.js';
import { BoundedLabels } from './bounded-labels.js';
import { FREE_PROVIDER, NODE_VERSION, PROVIDER_NAMES } from './catalog/label-values.js';
import { type CounterName, type GaugeName, type HistogramName, type LabelsOf, METRICS, type MetricName, type PlainGaugeName } from './catalog/metric-catalog.js';
import { initialSeries } from './initial-series.js';
import { PrometheusRegistry } from './prometheus.registry.js';
import type { ModelCallSample, RunSample, ToolCallSample } from './samples.js';

const NANO_USD_PER_DOLLAR = 1e9;

/**
 * Counts what happens in this instance, for Prometheus. Every call is synchronous and cheap, and none
 * throws because of a value: a label outside its domain becomes `other`. Reports come from SQL instead.
 */
@Injectable()
export class Metrics {
  private readonly registry = new PrometheusRegistry();
  private readonly labels = new BoundedLabels();

  constructor(@Inject(CONFIG) config: Config) {
    const { defaultModel, fallbackModel, architectModel, gemini, openai } = config.models;
    const named = [defaultModel, fallbackModel, architectModel, gemini && `gemini/${gemini.model}`, openai && `openai/${openai.model}`];
    const models = [...new Set(named.filter((model) => model !== undefined))];
    this.declareModels(models);
    for (const { name, labels } of initialSeries(models)) this.registry.increment(name, labels, 0);
    this.set('lomu_build_info', { version: LOMU_VERSION, node: NODE_VERSION }, 1);
  }

  recordRun(sample: RunSample): void {
    const { intent, model, outcome, usage } = sample;
    this.increment('lomu_runs_total', { intent, model, outcome });
    this.observe('lomu_run_duration_seconds', { model, outcome }, toSeconds(sample.durationMs));
    if (sample.timeToFirstTokenMs !== null) this.observe('lomu_run_time_to_first_token_seconds', { model }, toSeconds(sample.timeToFirstTokenMs));
    if (sample.tokensPerSecond !== null) this.observe('lomu_run_output_tokens_per_second', { model }, sample.tokensPerSecond);
    this.observe('lomu_run_tokens', { intent }, totalTokens(usage));
    this.observe('lomu_run_iterations', { intent }, sample.iterations);
    this.observe('lomu_run_tool_calls', { intent }, sample.toolCalls);
    this.increment('lomu_charged_dollars_total', { model }, Number(sample.chargedNanoUsd) / NANO_USD_PER_DOLLAR);
    if (outcome === 'failed') this.increment('lomu_run_failures_total', { pattern: sample.failurePattern ?? 'unknown' });
    if (isGivenAway(sample)) this.increment('lomu_zero_cost_runs_total', { model });
  }

  recordModelCall(sample: ModelCallSample): void {
    const { model, usage } = sample;
    const generation = generationLabels(model);
    this.observe('gen_ai_client_operation_duration_seconds', { ...generation, error_type: sample.errorType }, toSeconds(sample.durationMs));
    if (sample.firstTokenMs !== null) this.observe('gen_ai_client_operation_time_to_first_chunk_seconds', generation, toSeconds(sample.firstTokenMs));
    this.increment('gen_ai_client_inference_usage_input_tokens_total', generation, usage.inputTokens + usage.toolUseInputTokens);
    this.increment('gen_ai_client_inference_usage_output_tokens_total', generation, usage.outputTokens + usage.reasoningTokens);
    this.increment('lomu_model_cached_input_tokens_total', { model }, usage.cachedInputTokens);
    this.increment('lomu_model_reasoning_tokens_total', { model }, usage.reasoningTokens);
  }

  recordToolCall(sample: ToolCallSample): void {
    this.observe('gen_ai_execute_tool_duration_seconds', { gen_ai_tool_name: sample.name, error_type: sample.errorCode }, toSeconds(sample.durationMs));
  }

  /** For `observeExchanges`. */
  recordHttpExchange({ method, route, status, durationMs }: HttpExchange): void {
    const labels = { http_request_method: method, http_route: route ?? 'unmatched', http_response_status_code: String(status) };
    this.observe('http_server_request_duration_seconds', labels, toSeconds(durationMs));
  }

  /** Names models (`provider/model`) that exist. Only these become label values, because a request may name any model. */
  declareModels(models: readonly string[]): void {
    this.labels.declare('model', models);
    this.labels.declare('modelName', models.map((model) => splitModelId(model).name));
  }

  /** Names tools that exist. Only these become label values, because a model may make up any name. */
  declareTools(names: readonly string[]): void {
    this.labels.declare('tool', names);
  }

  /** @param by at least 0; anything else is not counted */
  increment<Name extends CounterName>(name: Name, labels: LabelsOf<Name>, by = 1): void {
    if (by >= 0) this.registry.increment(name, this.bind(name, labels), by);
  }

  set<Name extends GaugeName>(name: Name, labels: LabelsOf<Name>, value: number): void {
    this.registry.set(name, this.bind(name, labels), value);
  }

  /** Reads a gauge without labels whenever it is scraped, for what somebody counts anyway. A later call replaces an earlier one. */
  measure<Name extends PlainGaugeName>(name: Name, read: () => number): void {
    this.registry.measure(name, read);
  }

  /** @param value in the unit of the metric's name: seconds, never milliseconds. Anything but a number from 0 up is not counted. */
  observe<Name extends HistogramName>(name: Name, labels: LabelsOf<Name>, value: number): void {
    if (value >= 0 && Number.isFinite(value)) this.registry.observe(name, this.bind(name, labels), value);
  }

  /** p99 since it was last read or scraped; null before anything was measured. */
  async eventLoopDelayMs(): Promise<number | null> {
    const seconds = await this.registry.read('nodejs_eventloop_lag_p99_seconds');
    return seconds === undefined || Number.isNaN(seconds) ? null : seconds * 1_000;
  }

  get contentType(): string {
    return this.registry.contentType;
  }

  /** All metrics in Prometheus' text format. */
  expose(): Promise<string> {
    return this.registry.expose();
  }

  private bind<Name extends MetricName>(name: Name, labels: LabelsOf<Name>): Record<string, string> {
    return this.labels.bind(METRICS[name].labels, labels);
  }
}

/** Usage of a model whose provider wants money, charged at nothing: most likely a price row is missing. */
function isGivenAway(sample: RunSample): boolean {
  return sample.chargedNanoUsd === 0n && totalTokens(sample.usage) > 0 && splitModelId(sample.model).provider !== FREE_PROVIDER;
}

function generationLabels(model: string) {
  const { provider, name } = splitModelId(model);
  return { gen_ai_operation_name: 'chat', gen_ai_provider_name: PROVIDER_NAMES[provider] ?? provider, gen_ai_request_model: name } as const;
}

function splitModelId(model: string): { provider: string; name: string } {
  const slash = model.indexOf('/');
  return slash < 0 ? { provider: '', name: model } : { provider: model.slice(0, slash), name: model.slice(slash + 1) };
}

function toSeconds(durationMs: number): number {
  return durationMs / 1000;
}
