import { INTENTS } from '../../common/index.js';
import { FIRST_TOKEN_SECONDS } from './buckets.js';
import { declared, fixed, observed } from './label-domain.js';
import { counter, gauge, histogram, type MetricDefinition } from './metric-definition.js';

/** 60 s stands on an edge because the built-in alert on the mean looks there. */
const RUN_SECONDS = [0.1, 0.5, 1, 2.5, 5, 10, 20, 30, 60, 120, 300, 600, 900];
const RUN_TOKENS = [500, 1_000, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000];

const intent = fixed(...INTENTS);
const model = declared('model');
const outcome = fixed('completed', 'failed', 'cancelled');

/** One sample per run, and how many there are. */
export const RUN_METRICS = {
  lomu_runs_total: counter({
    unit: 'runs',
    help: 'Runs that reached a terminal state.',
    watch: 'failed over all but cancelled is the error rate; cancelled is a choice of users and counts on neither side.',
    labels: { intent, model, outcome },
  }),
  lomu_run_duration_seconds: histogram({
    unit: 'seconds',
    help: 'Time from the admission of a run to its terminal state.',
    watch: 'A mean over 60 s in an hour is a built-in alert; compare with the model calls to see whose time it is.',
    labels: { model, outcome },
    buckets: RUN_SECONDS,
  }),
  lomu_run_time_to_first_token_seconds: histogram({
    unit: 'seconds',
    help: 'Time from the admission of a run to its first visible text.',
    watch: 'The wait that users feel; the service level is 2.5 s for 95 %. Runs that showed no text are not in it.',
    labels: { model },
    buckets: FIRST_TOKEN_SECONDS,
  }),
  lomu_run_output_tokens_per_second: histogram({
    unit: 'tokens per second',
    help: 'Output tokens per second of model time of a run.',
    watch: 'A fall with steady latency of first chunks means that the provider is generating slower.',
    labels: { model },
    buckets: [5, 10, 20, 40, 60, 80, 100, 150, 200, 400],
  }),
  lomu_run_tokens: histogram({
    unit: 'tokens',
    help: 'Tokens of a run, input and output of all its model calls.',
    watch: 'A mean over 100 000 in an hour is a built-in alert: contexts grow or runs go round in circles.',
    labels: { intent },
    buckets: RUN_TOKENS,
  }),
  lomu_run_iterations: histogram({
    unit: 'calls',
    help: 'Iterations of a run.',
    watch: 'Runs that pile up in the bucket of their intent’s limit are being cut off.',
    labels: { intent },
    buckets: [1, 2, 3, 5, 8, 10, 15, 25, 50, 100],
  }),
  lomu_run_tool_calls: histogram({
    unit: 'calls',
    help: 'Tool calls of a run.',
    watch: 'None where there were some: a model stopped using its tools.',
    labels: { intent },
    buckets: [0, 1, 2, 5, 10, 20, 50, 100],
  }),
  lomu_run_failures_total: counter({
    unit: 'failures',
    help: 'Runs that failed, by the failure pattern that ended them.',
    watch: 'One pattern that grows says what to mend; unknown means that detection has something to learn.',
    labels: { pattern: observed('pattern') },
  }),
  lomu_runs_in_progress: gauge({
    unit: 'runs',
    help: 'Runs that this instance is working on.',
    watch: 'At chat.maxConcurrentRunsPerInstance for long: add instances.',
    labels: {},
  }),
  lomu_runs_queued: gauge({
    unit: 'runs',
    help: 'Runs waiting in the queue; with several instances, each reports those of all.',
    watch: 'Growing while runs in progress are at their limit: people wait.',
    labels: {},
  }),
  lomu_charged_dollars_total: counter({
    unit: 'dollars',
    help: 'Amount charged to accounts for runs, in US dollars.',
    watch: 'A jump without as many more runs. For exact amounts use the ledger: this is a float.',
    labels: { model },
  }),
  lomu_zero_cost_runs_total: counter({
    unit: 'runs',
    help: 'Runs that used tokens of a model that has a provider to pay, yet were charged nothing.',
    watch: 'Any increase: a price row is missing and usage is given away.',
    labels: { model },
  }),
} as const satisfies Record<string, MetricDefinition>;
