/** What arms are compared by, each a mean over users of the user's own mean over ended runs. */
export const EXPERIMENT_METRICS = ['successRate', 'failureRate', 'responseTimeMs', 'timeToFirstTokenMs', 'tokens', 'credits'] as const;

export type ExperimentMetric = (typeof EXPERIMENT_METRICS)[number];

/** Which way a metric gets worse. */
export const WORSE: Readonly<Record<ExperimentMetric, 'higher' | 'lower'>> = {
  successRate: 'lower',
  failureRate: 'higher',
  responseTimeMs: 'higher',
  timeToFirstTokenMs: 'higher',
  tokens: 'higher',
  credits: 'higher',
};
