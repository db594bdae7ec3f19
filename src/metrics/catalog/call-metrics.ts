import { FIRST_TOKEN_SECONDS } from './buckets.js';
import { declared, fixed, known } from './label-domain.js';
import { MODEL_ERROR_TYPES, PROVIDERS, TOOL_ERROR_TYPES } from './label-values.js';
import { counter, gauge, histogram, type MetricDefinition } from './metric-definition.js';

/** 10 ms doubling to 81.92 s, as the OpenTelemetry GenAI conventions advise for model calls. */
const MODEL_SECONDS = [0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92];
const TOOL_SECONDS = [0.005, 0.02, 0.1, 0.5, 1, 5, 10, 30, 60, 180];

const model = declared('model');
/** OpenTelemetry's words: the provider under its registered name, the model without it. */
const generation = { gen_ai_operation_name: fixed('chat'), gen_ai_provider_name: known(...PROVIDERS), gen_ai_request_model: declared('modelName') } as const;

/** One sample per model call and one per tool call, under OpenTelemetry's GenAI names where it has one. */
export const CALL_METRICS = {
  gen_ai_client_operation_duration_seconds: histogram({
    unit: 'seconds',
    help: 'Time of one model call, from the request until its last byte or its error.',
    watch: 'The provider’s latency; with an error_type its failures, which may be mended by retries and not show in the runs.',
    labels: { ...generation, error_type: known(...MODEL_ERROR_TYPES) },
    buckets: MODEL_SECONDS,
  }),
  gen_ai_client_operation_time_to_first_chunk_seconds: histogram({
    unit: 'seconds',
    help: 'Time of one model call until its first text or reasoning.',
    watch: 'Together with the time to first token of runs it tells the provider’s wait from ours.',
    labels: generation,
    buckets: FIRST_TOKEN_SECONDS,
  }),
  gen_ai_client_inference_usage_input_tokens_total: counter({
    unit: 'tokens',
    help: 'Prompt tokens of model calls, cached ones and those added by tools of the provider included.',
    watch: 'Growth per run: contexts get longer.',
    labels: generation,
  }),
  gen_ai_client_inference_usage_output_tokens_total: counter({
    unit: 'tokens',
    help: 'Generated tokens of model calls, reasoning included.',
    watch: 'Growth per run: answers or thoughts get longer.',
    labels: generation,
  }),
  lomu_model_cached_input_tokens_total: counter({
    unit: 'tokens',
    help: 'The part of the prompt tokens that the provider had cached.',
    watch: 'A falling share of the input tokens: prompts stopped sharing their beginning and cost more.',
    labels: { model },
  }),
  lomu_model_reasoning_tokens_total: counter({
    unit: 'tokens',
    help: 'The part of the generated tokens that was reasoning and not shown as an answer.',
    watch: 'A growing share of the output tokens: the model thinks longer for the same answers.',
    labels: { model },
  }),
  lomu_model_breaker_open: gauge({
    unit: 'state',
    help: '1 while a model is left alone because too many of its calls failed, else 0.',
    watch: '1 at all: the provider, or the way to it, is out of order. Runs use the fallback model or wait.',
    labels: { model },
  }),
  lomu_model_breaker_trips_total: counter({
    unit: 'failures',
    help: 'Times that this instance saw a model being set aside.',
    watch: 'Growth: a provider that comes and goes.',
    labels: { model },
  }),
  gen_ai_execute_tool_duration_seconds: histogram({
    unit: 'seconds',
    help: 'Time of one tool call.',
    watch: 'A tool whose errors or tail grow; error_type timeout means that it was killed at its limit.',
    labels: { gen_ai_tool_name: declared('tool'), error_type: known(...TOOL_ERROR_TYPES) },
    buckets: TOOL_SECONDS,
  }),
} as const satisfies Record<string, MetricDefinition>;
