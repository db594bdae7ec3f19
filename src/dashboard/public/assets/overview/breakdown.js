// The window by intent, model, tool, experiment arm or failure pattern.
import { withQuery } from '../api.js';
import { element } from '../dom.js';
import { formatNumber, formatPercent } from '../limits/format.js';
import { emptyState, table } from '../limits/loading.js';
import { FIGURES, formatDuration, orNothing } from './figures.js';

export const GROUPINGS = { intent: 'intent', model: 'model', tool: 'tool', arm: 'experiment arm', pattern: 'failure pattern' };

export function breakdownPath(by, hours, scope) {
  return by === 'tool' ? withQuery('/api/metrics/tools', { hours, scope }) : withQuery('/api/metrics/breakdown', { hours, scope, groupBy: by });
}

export function drawBreakdown(by, items) {
  if (items.length === 0) return [emptyState(by === 'tool' ? 'No tool was used in this window.' : 'No run has finished in this window.')];
  return [by === 'tool' ? toolTable(items) : groupTable(by, items)];
}

function groupTable(by, items) {
  const most = Math.max(...items.map(({ totalRequests }) => totalRequests));
  const rows = items.map((item) => [heading(item.group, item.totalRequests / most), ...FIGURES.map(({ value, format }) => number(orNothing(value(item), format)))]);
  return table(`Runs by ${GROUPINGS[by]}`, [GROUPINGS[by], ...FIGURES.map(({ name }) => [name, 'number'])], rows);
}

function toolTable(items) {
  const most = Math.max(...items.map(({ calls }) => calls));
  const rows = items.map((tool) => [
    heading(tool.name, tool.calls / most),
    number(formatNumber(tool.calls)),
    number(formatPercent(1 - tool.errorRate)),
    number(orNothing(tool.averageDurationMs, formatDuration)),
    number(orNothing(tool.p95DurationMs, formatDuration)),
    element('td', [Object.entries(tool.errorCounts).map(([code, count]) => `${code} ${count}`).join(', ') || '–']),
  ]);
  return table('Calls by tool', ['tool', ['Calls', 'number'], ['Success', 'number'], ['Mean', 'number'], ['p95', 'number'], 'Errors'], rows);
}

/** The bar repeats the first number for the eye. */
function heading(name, share) {
  const bar = element('span', [], { className: 'bar' });
  bar.style.width = `${Math.round(share * 100)}%`;
  return element('th', [name, bar], { scope: 'row', className: 'with-bar' });
}

function number(text) {
  return element('td', [text], { className: 'number' });
}
