import 'reflect-metadata';
import { NO_USAGE } from '../../../src/common/index.js';
import type { Config } from '../../../src/config/index.js';
import { METRICS } from '../../../src/metrics/catalog/metric-catalog.js';
import { Metrics, type ModelCallSample, type RunSample } from '../../../src/metrics/index.js';
import { parseExposition, type Exposition } from './parse-exposition.js';

const GEMINI = 'gemini/gemini-3.6-flash';
const config = { models: { defaultModel: GEMINI, gemini: { apiKey: 'secret', baseUrl: '', model: 'gemini-3.6-flash' } } } as Config;
const expose = async (metrics: Metrics): Promise<Exposition> => parseExposition(await metrics.expose());

const run: RunSample = {
  intent: 'fix',
  model: GEMINI,
  outcome: 'completed',
  durationMs: 2_500,
  timeToFirstTokenMs: 400,
  tokensPerSecond: 80,
  usage: { inputTokens: 1_000, cachedInputTokens: 600, toolUseInputTokens: 10, outputTokens: 200, reasoningTokens: 50 },
  chargedNanoUsd: 1_250_000n,
  iterations: 3,
  toolCalls: 4,
  failurePattern: null,
};
const modelCall: ModelCallSample = { model: GEMINI, durationMs: 1_200, firstTokenMs: 300, usage: run.usage, errorType: null };

describe('a run', () => {
  it('is one sample in each of its metrics, in base units', async () => {
    const metrics = new Metrics(config);
    metrics.recordRun(run);
    const { value } = await expose(metrics);
    expect(value('lomu_runs_total', { intent: 'fix', model: GEMINI, outcome: 'completed' })).toBe(1);
    expect(value('lomu_run_duration_seconds_sum', { model: GEMINI, outcome: 'completed' })).toBe(2.5);
    expect(value('lomu_run_time_to_first_token_seconds_sum', { model: GEMINI })).toBe(0.4);
    expect(value('lomu_run_output_tokens_per_second_sum', { model: GEMINI })).toBe(80);
    expect(value('lomu_run_tokens_sum', { intent: 'fix' })).toBe(1_260);
    expect(value('lomu_run_iterations_sum', { intent: 'fix' })).toBe(3);
    expect(value('lomu_run_tool_calls_sum', { intent: 'fix' })).toBe(4);
    expect(value('lomu_charged_dollars_total', { model: GEMINI })).toBe(0.00125);
    expect(value('lomu_zero_cost_runs_total', { model: GEMINI })).toBe(0);
  });

  it('of exactly 2.5 s to the first token is within the service level', async () => {
    const metrics = new Metrics(config);
    metrics.recordRun({ ...run, timeToFirstTokenMs: 2_500 });
    metrics.recordRun({ ...run, timeToFirstTokenMs: 2_501 });
    const { value } = await expose(metrics);
    expect(value('lomu_run_time_to_first_token_seconds_bucket', { le: '2.5', model: GEMINI })).toBe(1);
  });

  it('without text or speed is not a sample of 0 in their metrics', async () => {
    const metrics = new Metrics(config);
    metrics.recordRun({ ...run, timeToFirstTokenMs: null, tokensPerSecond: null });
    const { value } = await expose(metrics);
    expect(value('lomu_run_time_to_first_token_seconds_count', { model: GEMINI })).toBeUndefined();
    expect(value('lomu_run_output_tokens_per_second_count', { model: GEMINI })).toBeUndefined();
  });

  it('that failed is counted under its pattern, others are not', async () => {
    const metrics = new Metrics(config);
    metrics.recordRun({ ...run, outcome: 'failed', failurePattern: 'rate_limit' });
    metrics.recordRun({ ...run, outcome: 'failed', failurePattern: null });
    metrics.recordRun({ ...run, outcome: 'cancelled', failurePattern: 'rate_limit' });
    const { value } = await expose(metrics);
    expect(value('lomu_run_failures_total', { pattern: 'rate_limit' })).toBe(1);
    expect(value('lomu_run_failures_total', { pattern: 'unknown' })).toBe(1);
  });

  it.each<[string, Partial<RunSample>, number]>([
    ['used a paid model for nothing', { chargedNanoUsd: 0n }, 1],
    ['was charged', {}, 0],
    ['used no tokens', { chargedNanoUsd: 0n, usage: NO_USAGE }, 0],
  ])('that %s counts as given away: %s', async (_, change, expected) => {
    const metrics = new Metrics(config);
    metrics.recordRun({ ...run, ...change });
    expect((await expose(metrics)).value('lomu_zero_cost_runs_total', { model: GEMINI })).toBe(expected);
  });

  it('of the offline planner may cost nothing', async () => {
    const metrics = new Metrics({ models: { defaultModel: 'offline/planner' } } as Config);
    metrics.recordRun({ ...run, model: 'offline/planner', chargedNanoUsd: 0n });
    expect((await expose(metrics)).value('lomu_zero_cost_runs_total', { model: 'offline/planner' })).toBe(0);
  });
});

describe('a model call', () => {
  const labels = { gen_ai_operation_name: 'chat', gen_ai_provider_name: 'gcp.gemini', gen_ai_request_model: 'gemini-3.6-flash' };

  it('stands under the names of OpenTelemetry, apart from the runs', async () => {
    const metrics = new Metrics(config);
    metrics.recordModelCall(modelCall);
    metrics.recordModelCall({ ...modelCall, errorType: '429', firstTokenMs: null });
    const { value } = await expose(metrics);
    expect(value('gen_ai_client_operation_duration_seconds_sum', labels)).toBe(1.2);
    expect(value('gen_ai_client_operation_duration_seconds_count', { ...labels, error_type: '429' })).toBe(1);
    expect(value('gen_ai_client_operation_time_to_first_chunk_seconds_count', labels)).toBe(1);
    expect(value('gen_ai_client_inference_usage_input_tokens_total', labels)).toBe(2_020);
    expect(value('gen_ai_client_inference_usage_output_tokens_total', labels)).toBe(500);
    expect(value('lomu_model_cached_input_tokens_total', { model: GEMINI })).toBe(1_200);
    expect(value('lomu_model_reasoning_tokens_total', { model: GEMINI })).toBe(100);
    expect(value('lomu_runs_total', { intent: 'fix', model: GEMINI, outcome: 'completed' })).toBe(0);
  });
});

describe('a tool call', () => {
  it('is shown by name once its tool is declared', async () => {
    const metrics = new Metrics(config);
    metrics.recordToolCall({ name: 'read_file', durationMs: 20, errorCode: null });
    metrics.declareTools(['read_file']);
    metrics.recordToolCall({ name: 'read_file', durationMs: 20, errorCode: null });
    metrics.recordToolCall({ name: 'read_file', durationMs: 30, errorCode: 'timeout' });
    const { value } = await expose(metrics);
    expect(value('gen_ai_execute_tool_duration_seconds_count', { gen_ai_tool_name: 'other' })).toBe(1);
    expect(value('gen_ai_execute_tool_duration_seconds_sum', { gen_ai_tool_name: 'read_file' })).toBe(0.02);
    expect(value('gen_ai_execute_tool_duration_seconds_sum', { gen_ai_tool_name: 'read_file', error_type: 'timeout' })).toBe(0.03);
  });
});

describe('the exposition', () => {
  it('shows counters whose labels are known at 0 before anything happens, so that rate() sees their first increment', async () => {
    const { value } = await expose(new Metrics(config));
    expect(value('lomu_runs_total', { intent: 'casual', model: GEMINI, outcome: 'failed' })).toBe(0);
    expect(value('lomu_streams_closed_total', { reason: 'slow_reader' })).toBe(0);
  });

  it('has a family for every metric of the catalogue and nothing else but the runtime’s own', async () => {
    const { families } = await expose(new Metrics(config));
    const ours = Object.entries(METRICS).map(([name, { type }]) => [name, type]);
    const others = [...families].filter(([name]) => !/^(process|nodejs)_/.test(name));
    expect(others.sort()).toEqual(ours.sort());
  });

  it('names no gauge like a counter, which promtool refuses', async () => {
    const { families } = await expose(new Metrics(config));
    for (const [name, type] of families) expect({ name, endsInTotal: name.endsWith('_total') }).toEqual({ name, endsInTotal: type === 'counter' });
  });

  it('of one application knows nothing of another', async () => {
    const [one, other] = [new Metrics(config), new Metrics(config)];
    one.recordRun(run);
    expect((await expose(other)).value('lomu_run_tokens_count', { intent: 'fix' })).toBeUndefined();
  });

  it('reads measured gauges at the moment of the scrape', async () => {
    const metrics = new Metrics(config);
    let waiting = 3;
    metrics.measure('lomu_runs_queued', () => waiting);
    expect((await expose(metrics)).value('lomu_runs_queued')).toBe(3);
    waiting = 0;
    expect((await expose(metrics)).value('lomu_runs_queued')).toBe(0);
  });

  it('does not count what is no number', async () => {
    const metrics = new Metrics(config);
    metrics.observe('lomu_run_duration_seconds', { model: GEMINI, outcome: 'failed' }, Number.NaN);
    metrics.observe('lomu_run_duration_seconds', { model: GEMINI, outcome: 'failed' }, -1);
    metrics.increment('lomu_charged_dollars_total', { model: GEMINI }, -5);
    metrics.increment('lomu_charged_dollars_total', { model: GEMINI }, Number.NaN);
    const { value } = await expose(metrics);
    expect(value('lomu_run_duration_seconds_count', { model: GEMINI, outcome: 'failed' })).toBeUndefined();
    expect(value('lomu_charged_dollars_total', { model: GEMINI })).toBe(0);
  });

  it('of a server with every series it could plausibly have costs at most 10 ms', async () => {
    const metrics = new Metrics(config);
    const models = Array.from({ length: 10 }, (_, index) => `gemini/model-${index}`);
    metrics.declareModels(models);
    metrics.declareTools(Array.from({ length: 20 }, (_, index) => `tool_${index}`));
    for (const model of models) {
      for (const intent of ['casual', 'search', 'analysis', 'fix', 'refactor', 'default'] as const) metrics.recordRun({ ...run, model, intent });
      metrics.recordModelCall({ ...modelCall, model });
    }
    for (let index = 0; index < 20; index++) metrics.recordToolCall({ name: `tool_${index}`, durationMs: 5, errorCode: null });
    for (let route = 0; route < 60; route++) metrics.recordHttpExchange({ requestId: '', method: 'GET', route: `/api/${route}`, status: 200, durationMs: 3 });
    const times: number[] = [];
    for (let scrape = 0; scrape < 40; scrape++) {
      const startedAt = performance.now();
      await metrics.expose();
      times.push(performance.now() - startedAt);
    }
    expect(Math.min(...times)).toBeLessThan(10); // the best of many: a busy machine is not what is measured
  });
});
