// The overview: how it runs now, how that changes, where it hurts. The address names the window and the breakdown.
import { call, withQuery } from './api.js';
import { element } from './dom.js';
import { readAddress, replaceAddress } from './limits/address.js';
import { loadInto } from './limits/loading.js';
import { drawAlerts } from './overview/alerts.js';
import { breakdownPath, drawBreakdown, GROUPINGS } from './overview/breakdown.js';
import { drawFailures } from './overview/failures.js';
import { followLive } from './overview/live.js';
import { Tiles } from './overview/tiles.js';
import { Trends } from './overview/trends.js';

const WINDOWS = { 1: '1 hour', 6: '6 hours', 24: '24 hours', 168: '7 days', 720: '30 days' };
const SCOPES = { '': 'all I may see', own: 'my runs' };
const REFRESH_MS = 30_000;
const FAILURES_SHOWN = 10;

const view = document.getElementById('view');
const stale = document.getElementById('stale');
const tiles = new Tiles();
const trends = new Trends();
const parts = Object.fromEntries(['alerts', 'breakdown', 'failures'].map((name) => [name, element('div')]));
const chosen = {
  hours: choice('Window', 'hours', WINDOWS, '24'),
  scope: choice('Runs', 'scope', SCOPES, ''),
  by: choice('Break down by', 'by', GROUPINGS, 'intent'),
};
let stopLive = () => {};

view.append(
  element('form', [chosen.hours.node, chosen.scope.node], { className: 'filters', ariaLabel: 'Filters' }),
  section('Now', tiles.node),
  section('Alerts', parts.alerts),
  section('Trends', trends.node),
  section('Breakdown', element('div', [chosen.by.node], { className: 'filters' }), parts.breakdown),
  section('Recent failures', parts.failures),
);
window.addEventListener('popstate', show);
document.addEventListener('visibilitychange', () => (document.hidden ? stopLive() : show()));
setInterval(() => document.hidden || loadParts(), REFRESH_MS);
show();

/** Everything anew: the filters have changed, or the page is seen again. */
function show() {
  for (const { select, name, fallback } of Object.values(chosen)) select.value = readAddress().get(name) ?? fallback;
  stopLive();
  const query = { hours: chosen.hours.select.value, scope: chosen.scope.select.value };
  stopLive = followLive(withQuery('/api/metrics/live', query), {
    onFigures: (report) => {
      stale.hidden = true;
      tiles.show(report);
    },
    onFault: (message, since) => {
      stale.textContent = since ? `The figures are of ${since.toLocaleTimeString()}: ${message}` : message;
      stale.hidden = false;
    },
  });
  loadParts();
}

function loadParts() {
  const hours = Number(chosen.hours.select.value);
  const scope = chosen.scope.select.value;
  void loadInto(parts.alerts, loadAlerts, drawAlerts);
  void trends.load(hours, scope);
  void loadInto(parts.breakdown, () => call('GET', breakdownPath(chosen.by.select.value, hours, scope)), ({ items }) => drawBreakdown(chosen.by.select.value, items));
  void loadInto(parts.failures, () => call('GET', withQuery('/api/failures', { limit: FAILURES_SHOWN })), ({ items }) => drawFailures(items));
}

/** Others than admins see no alerts, and need not. */
async function loadAlerts() {
  try {
    const [now, history] = await Promise.all([call('GET', '/api/metrics/alerts'), call('GET', '/api/metrics/alerts/history?limit=10')]);
    return { alerts: now.items, history: history.items };
  } catch (error) {
    if (error.status === 403) return null;
    throw error;
  }
}

function section(title, ...children) {
  return element('section', [element('h2', [title]), ...children], { ariaLabel: title });
}

function choice(label, name, options, fallback) {
  const select = element('select', Object.entries(options).sort(byNumber).map(([value, text]) => element('option', [text], { value })), { id: `choose-${name}` });
  select.addEventListener('change', () => {
    replaceAddress({ [name]: select.value === fallback ? '' : select.value });
    show();
  });
  const node = element('div', [element('label', [label], { htmlFor: select.id }), select], { className: 'field' });
  return { node, select, name, fallback };
}

function byNumber([a], [b]) {
  return Number(a) - Number(b) || 0;
}
