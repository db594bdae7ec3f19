import type { RunFigures } from './run-figures.js';

/** Relative change against the window before: 0.25 is a quarter more. null when either side has nothing, or the earlier one is 0. */
export interface FigureChange {
  readonly totalRequests: number | null;
  readonly successRate: number | null;
  readonly errorRate: number | null;
  readonly averageResponseTime: number | null;
  readonly averageTokensPerRequest: number | null;
  readonly averageStreamingSpeed: number | null;
  readonly p95ResponseTime: number | null;
  readonly p95TimeToFirstToken: number | null;
  readonly credits: number | null;
}

export function compareFigures(current: RunFigures, previous: RunFigures): FigureChange {
  return {
    totalRequests: change(current.totalRequests, previous.totalRequests),
    successRate: change(current.successRate, previous.successRate),
    errorRate: change(current.errorRate, previous.errorRate),
    averageResponseTime: change(current.averageResponseTime, previous.averageResponseTime),
    averageTokensPerRequest: change(current.averageTokensPerRequest, previous.averageTokensPerRequest),
    averageStreamingSpeed: change(current.averageStreamingSpeed, previous.averageStreamingSpeed),
    p95ResponseTime: change(current.percentiles.responseTimeMs.p95, previous.percentiles.responseTimeMs.p95),
    p95TimeToFirstToken: change(current.percentiles.timeToFirstTokenMs.p95, previous.percentiles.timeToFirstTokenMs.p95),
    credits: change(current.credits, previous.credits),
  };
}

function change(current: number | null, previous: number | null): number | null {
  return current === null || previous === null || previous === 0 ? null : (current - previous) / previous;
}
