// What went wrong in runs: how often each pattern came and how well it was recovered from, and the latest incidents.
import { call, withQuery } from './api.js';
import { element, svgElement } from './dom.js';
import { describeDecision } from './failures/decision.js';
import { badge, formatNumber, runLink, timeNode } from './limits/format.js';
import { table } from './limits/loading.js';
import { keepView } from './page-view.js';

const REFRESH_MS = 15_000;
const SHOWN_INCIDENTS = 50;
const WINDOWS = { '24h': '24 hours', '7d': '7 days', '30d': '30 days' };
const PATTERN_COLUMNS = ['Pattern', ['Incidents', 'number'], ['Recovered', 'number'], ['Failed', 'number'], ['Recovery', 'number'], 'Over time', 'Last'];
const INCIDENT_COLUMNS = ['When', 'Run', 'Pattern', 'What was done', 'Outcome'];
const TONES = { recovered: 'better', failed: 'worse' };

const address = new URLSearchParams(location.search);
const chosen = { window: WINDOWS[address.get('window')] ? address.get('window') : '7d', pattern: address.get('pattern'), outcome: address.get('outcome') };

document.getElementById('windows').replaceChildren(
  ...Object.entries(WINDOWS).map(([window, label]) => element('a', [label], { href: linkTo({ window }), ...(window === chosen.window && { ariaCurrent: 'page' }) })),
);

keepView({ load, draw, refreshMs: REFRESH_MS, nouns: 'failures' });

async function load() {
  const { pattern, outcome, window } = chosen;
  const [patterns, incidents] = await Promise.all([
    call('GET', withQuery('/api/failures/patterns', { window })),
    call('GET', withQuery('/api/failures', { pattern, outcome, limit: SHOWN_INCIDENTS })),
  ]);
  return { patterns, incidents };
}

function draw({ patterns, incidents }) {
  const seen = patterns.items.filter((item) => item.incidents > 0).sort((a, b) => b.incidents - a.incidents);
  return [
    element('h2', [seen.length === 0 ? `Nothing went wrong in ${WINDOWS[chosen.window]}` : `${seen.length} ${seen.length === 1 ? 'pattern' : 'patterns'} in ${WINDOWS[chosen.window]}`], { tabIndex: -1 }),
    ...(seen.length > 0 ? [table('Failure patterns', PATTERN_COLUMNS, seen.map(patternRow))] : []),
    element('h2', ['Latest incidents']),
    filters(patterns.items),
    incidents.items.length > 0 ? table('Latest incidents', INCIDENT_COLUMNS, incidents.items.map(incidentRow)) : element('p', ['There are none.'], { className: 'muted' }),
  ];
}

function patternRow(item) {
  return [
    element('th', [element('a', [item.name], { href: linkTo({ pattern: item.pattern }) }), element('span', [item.whatHappened], { className: 'description' })], { scope: 'row' }),
    number(item.incidents),
    number(item.recovered),
    number(item.failed),
    element('td', [item.recoveryRate === null ? '–' : `${formatNumber(100 * item.recoveryRate, 1)} %`], { className: 'number' }),
    [historyOf(item)],
    [item.lastAt ? timeNode(item.lastAt) : '–'],
  ];
}

function incidentRow({ createdAt, runId, name, detail, action, severity, outcome }) {
  return [
    [timeNode(createdAt)],
    [runLink(runId, runId.slice(-8))],
    element('th', [name, element('span', [detail], { className: 'description' })], { scope: 'row' }),
    element('td', [describeDecision(action), element('span', [`${severity} severity`], { className: 'description' })], { className: 'action' }),
    [badge(outcome, TONES[outcome] ?? '')],
  ];
}

/** A bar for each part of the window; what was recovered from lies over what came. */
function historyOf({ buckets, name }) {
  const most = Math.max(1, ...buckets.map(({ incidents }) => incidents));
  const bars = buckets.flatMap(({ incidents, recovered }, index) => [bar('incidents', index, incidents / most), bar('recovered', index, recovered / most)]);
  const base = svgElement('line', { x1: 0, x2: buckets.length * 10, y1: 29.5, y2: 29.5, class: 'base' });
  const label = `${name}: ${buckets.map(({ incidents, recovered }) => `${recovered} of ${incidents}`).join(', ')} recovered, the oldest first`;
  return svgElement('svg', { viewBox: `0 0 ${buckets.length * 10} 30`, preserveAspectRatio: 'none', class: 'history', role: 'img', 'aria-label': label }, [...bars, base]);
}

function bar(kind, index, share) {
  const height = 28 * share;
  return svgElement('rect', { x: index * 10 + 1, y: 29 - height, width: 8, height, class: kind });
}

function filters(patterns) {
  const pattern = select('Pattern', 'pattern', [['', 'All patterns'], ...patterns.map((item) => [item.pattern, item.name])]);
  const outcome = select('Outcome', 'outcome', [['', 'All outcomes'], ['open', 'open'], ['recovered', 'recovered'], ['failed', 'failed'], ['cancelled', 'cancelled']]);
  return element('div', [...pattern, ...outcome], { className: 'filters' });
}

function select(label, key, options) {
  const id = `filter-${key}`;
  const node = element('select', options.map(([value, text]) => element('option', [text], { value, selected: value === (chosen[key] ?? '') })), { id });
  node.dataset.focus = id;
  node.addEventListener('change', () => location.assign(linkTo({ [key]: node.value })));
  return [element('label', [label], { htmlFor: id }), node];
}

function linkTo(change) {
  return withQuery('/dashboard/failures', { ...chosen, ...change });
}

function number(value) {
  return element('td', [formatNumber(value)], { className: 'number' });
}
