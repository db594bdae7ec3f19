// The figures of runs: how each is read from an answer, written, and whether more of it is good.
import { formatNumber, formatPercent } from '../limits/format.js';

export const NOTHING = '–';

export function orNothing(value, format) {
  return value === null || value === undefined ? NOTHING : format(value);
}

export function formatDuration(ms) {
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  return ms < 120_000 ? `${formatNumber(ms / 1_000, 1)} s` : `${formatNumber(ms / 60_000, 1)} min`;
}

const count = (value) => formatNumber(value, 0);
const speed = (value) => `${formatNumber(value, 1)}/s`;
const credits = (value) => formatNumber(value, value < 10 ? 2 : 0);

/** `better`: which direction is good; 0 where neither is. */
export const FIGURES = [
  { key: 'requests', name: 'Requests', value: (figures) => figures.totalRequests, change: (change) => change.totalRequests, format: count, better: 0 },
  { key: 'success', name: 'Success', value: (figures) => figures.successRate, change: (change) => change.successRate, format: (value) => formatPercent(value), better: 1 },
  { key: 'p95', name: 'Response time p95', value: (figures) => figures.percentiles.responseTimeMs.p95, change: (change) => change.p95ResponseTime, format: formatDuration, better: -1 },
  { key: 'first', name: 'First token p95', value: (figures) => figures.percentiles.timeToFirstTokenMs.p95, change: (change) => change.p95TimeToFirstToken, format: formatDuration, better: -1 },
  { key: 'speed', name: 'Tokens per second', value: (figures) => figures.averageStreamingSpeed, change: (change) => change.averageStreamingSpeed, format: speed, better: 1 },
  { key: 'credits', name: 'Credits', value: (figures) => figures.credits, change: (change) => change.credits, format: credits, better: 0 },
];
