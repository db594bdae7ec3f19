import type { LimitKey } from '../../limits/index.js';
import type { AlertFacts } from './alert-facts.service.js';

/** `page`: users notice now; `ticket`: somebody should look within a day. */
export type AlertSeverity = 'page' | 'ticket';

/** A condition evaluated over the alert window. It fires while `value` is above its threshold. */
export interface AlertRule {
  readonly id: string;
  readonly severity: AlertSeverity;
  readonly unit: 'percent' | 'ms' | 'tokens' | 'runs' | 'jobs' | 'dollars';
  /** The limit that holds the threshold, or the threshold itself where any other would be wrong. */
  readonly threshold: LimitKey & `alert.${string}` | number;
  /** Rates and means say nothing over a handful of runs: such rules wait for `alert.minRuns`. */
  readonly needsRuns: boolean;
  /** null when nothing was measured */
  readonly value: (facts: AlertFacts) => number | null;
  /** What it means and what to do first. */
  readonly advice: string;
}

export const ALERT_RULES: readonly AlertRule[] = [
  {
    id: 'error_rate_high',
    severity: 'page',
    unit: 'percent',
    threshold: 'alert.errorRatePercent',
    needsRuns: true,
    value: ({ runs }) => (runs.errorRate === null ? null : runs.errorRate * 100),
    advice: 'Runs fail more often than they should. Look at errorCounts in GET /api/metrics for the pattern that stands out.',
  },
  {
    id: 'response_slow',
    severity: 'page',
    unit: 'ms',
    threshold: 'alert.averageResponseMs',
    needsRuns: true,
    value: ({ runs }) => runs.averageResponseTime,
    advice: 'Runs take long on average. Compare the time of model calls with that of runs to see whose time it is.',
  },
  {
    id: 'first_token_slow',
    severity: 'ticket',
    unit: 'ms',
    threshold: 'alert.firstTokenP95Ms',
    needsRuns: true,
    value: ({ runs }) => runs.percentiles.timeToFirstTokenMs.p95,
    advice: 'People wait long for the first word. See whether runs queue, contexts have grown or the provider is slow.',
  },
  {
    id: 'tokens_high',
    severity: 'ticket',
    unit: 'tokens',
    threshold: 'alert.averageTokens',
    needsRuns: true,
    value: ({ runs }) => runs.averageTokensPerRequest,
    advice: 'Runs use many tokens on average. Look for one intent or model that grew, and for runs that go round in circles.',
  },
  {
    id: 'zero_cost_usage',
    severity: 'page',
    unit: 'runs',
    threshold: 0,
    needsRuns: false,
    value: ({ zeroCostRuns }) => zeroCostRuns,
    advice: 'Runs used tokens that a provider charges for and cost their users nothing. Add the missing price of the model.',
  },
  {
    id: 'model_out_of_order',
    severity: 'ticket',
    unit: 'runs',
    threshold: 0,
    needsRuns: false,
    value: ({ runsAtOpenBreaker }) => runsAtOpenBreaker,
    advice: 'Runs wanted a model that is left alone because its calls kept failing. See whether its provider answers; set FALLBACK_MODEL or another model.',
  },
  {
    id: 'ledger_imbalance',
    severity: 'page',
    unit: 'dollars',
    threshold: 0,
    needsRuns: false,
    value: ({ ledgerDifferenceDollars }) => ledgerDifferenceDollars,
    advice: 'Balances and ledger did not agree when they were last recounted. Stop granting and read the ledger of the accounts that the log names.',
  },
  {
    id: 'queue_waiting',
    severity: 'page',
    unit: 'ms',
    threshold: 'alert.queuedMs',
    needsRuns: false,
    value: ({ oldestQueuedMs }) => oldestQueuedMs,
    advice: 'A run has been waiting for its turn for long. Add instances or raise chat.maxConcurrentRunsPerInstance.',
  },
  {
    id: 'jobs_failing',
    severity: 'ticket',
    unit: 'jobs',
    threshold: 0,
    needsRuns: false,
    value: ({ failingJobs }) => failingJobs,
    advice: 'The last pass of a scheduled job failed. Its error is in the log and in the list of jobs.',
  },
  {
    id: 'jobs_stale',
    severity: 'ticket',
    unit: 'jobs',
    threshold: 0,
    needsRuns: false,
    value: ({ staleJobs }) => staleJobs,
    advice: 'A scheduled job has not come to an end for more than two of its intervals: it hangs, or an instance holds its lock.',
  },
  {
    id: 'event_loop_slow',
    severity: 'ticket',
    unit: 'ms',
    threshold: 'alert.eventLoopDelayMs',
    needsRuns: false,
    value: ({ eventLoopDelayMs }) => eventLoopDelayMs,
    advice: 'The instance that looked is too busy to stream evenly. Add instances or lower chat.maxConcurrentRunsPerInstance.',
  },
];
