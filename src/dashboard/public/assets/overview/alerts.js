// The built-in alerts: those that fire first, the others by name, and when they fired before.
import { element } from '../dom.js';
import { badge, formatNumber, inWords, timeNode } from '../limits/format.js';
import { emptyState, table } from '../limits/loading.js';

const STATES = { firing: ['firing', 'worse'], ok: ['ok', 'better'], no_data: ['no data', ''] };

export function drawAlerts(loaded) {
  if (loaded === null) return [emptyState('Alerts are for admins.')];
  const firing = loaded.alerts.filter(({ state }) => state === 'firing');
  const summary = firing.length === 0 ? element('p', ['No alert is firing.']) : element('ul', firing.map(firingItem), { className: 'alerts' });
  return [summary, element('details', [element('summary', [`All ${loaded.alerts.length} alerts`]), allAlerts(loaded.alerts)]), element('details', [element('summary', ['History']), history(loaded.history)])];
}

function firingItem(alert) {
  const since = alert.since ? [' since ', timeNode(alert.since)] : [];
  return element('li', [badge(alert.severity, 'worse'), ' ', element('strong', [alert.id]), `: ${amount(alert.value, alert.unit)}, above ${amount(alert.threshold, alert.unit)}`, ...since, element('span', [alert.advice], { className: 'description' })]);
}

function allAlerts(alerts) {
  const rows = alerts.map((alert) => [
    element('th', [element('code', [alert.id]), element('span', [alert.advice], { className: 'description' })], { scope: 'row' }),
    [badge(...STATES[alert.state])],
    element('td', [alert.value === null ? '–' : amount(alert.value, alert.unit)], { className: 'number' }),
    element('td', alert.limit ? [element('a', [amount(alert.threshold, alert.unit)], { href: `/dashboard/limits?q=${alert.limit}` })] : [amount(alert.threshold, alert.unit)], { className: 'number' }),
  ]);
  return table('Built-in alerts', ['Alert', 'State', ['Measured', 'number'], ['Fires above', 'number']], rows);
}

function history(episodes) {
  if (episodes.length === 0) return emptyState('No alert has fired yet.');
  const rows = episodes.map((episode) => [
    element('th', [element('code', [episode.alert])], { scope: 'row' }),
    [timeNode(episode.since)],
    episode.resolvedAt ? [timeNode(episode.resolvedAt)] : [badge('firing', 'worse')],
    element('td', [amount(episode.value, episode.unit)], { className: 'number' }),
  ]);
  return table('Alerts that fired, the latest first', ['Alert', 'Since', 'Until', ['Measured', 'number']], rows);
}

function amount(value, unit) {
  return inWords(value, unit) || `${formatNumber(value, 2)}${unit === 'percent' ? ' %' : ` ${unit}`}`;
}
