// How the figures went over the window: a chart each, and the same as a table.
import uPlot from '/assets/vendor/uPlot.esm.js';
import { call, withQuery } from '../api.js';
import { element } from '../dom.js';
import { formatNumber, formatPercent, formatTime } from '../limits/format.js';
import { emptyState, loadInto, table } from '../limits/loading.js';
import { formatDuration, orNothing } from './figures.js';

const HEIGHT = 180;
const COLORS = ['--accent', '--warning', '--note'];
/** Told apart without colours too. */
const DASHES = [[], [6, 4], [2, 3]];

const CHARTS = [
  { title: 'Runs', format: (value) => formatNumber(value, 1), lines: [['completed', (p) => p.completed], ['failed', (p) => p.failed], ['cancelled', (p) => p.cancelled]] },
  { title: 'Success', format: (value) => formatPercent(value), lines: [['success rate', (p) => p.successRate]] },
  { title: 'Response time', format: formatDuration, lines: ['p50', 'p95', 'p99'].map((rank) => [rank, (p) => p.percentiles.responseTimeMs[rank]]) },
  { title: 'Time to first token', format: formatDuration, lines: ['p50', 'p95', 'p99'].map((rank) => [rank, (p) => p.percentiles.timeToFirstTokenMs[rank]]) },
  { title: 'Tokens', format: (value) => formatNumber(value, 0), lines: [['input', (p) => p.tokens.input], ['output', (p) => p.tokens.output], ['reasoning', (p) => p.tokens.reasoning]] },
  { title: 'Credits', format: (value) => formatNumber(value, 2), lines: [['credits', (p) => p.credits]] },
];

export class Trends {
  #charts = [];
  #points = [];

  constructor() {
    this.node = element('div');
    new ResizeObserver(() => this.#resize()).observe(this.node);
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => this.node.querySelector('.charts') && this.node.replaceChildren(...this.#draw()));
  }

  load(hours, scope) {
    const path = withQuery('/api/metrics/timeseries', { window: `${hours}h`, scope });
    return loadInto(this.node, () => call('GET', path), ({ series }) => {
      this.#points = series[0]?.points ?? [];
      return this.#draw();
    });
  }

  #draw() {
    const open = new Set([...this.node.querySelectorAll('details[open]')].map(({ dataset }) => dataset.chart));
    for (const { chart } of this.#charts) chart.destroy();
    this.#charts = [];
    if (this.#points.every(({ totalRequests }) => totalRequests === 0)) return [emptyState('No run has finished in this window.')];
    return [element('div', CHARTS.map((definition) => this.#figure(definition, open.has(definition.title))), { className: 'charts' })];
  }

  #figure(definition, isOpen) {
    const canvas = element('div', [], { className: 'chart', role: 'img', ariaLabel: `Chart: ${definition.title}. The table below has the same values.` });
    const chart = new uPlot(optionsOf(definition, this.#width()), this.#columns(definition), canvas);
    this.#charts.push({ chart });
    const details = element('details', [element('summary', [`${definition.title} as a table`]), this.#table(definition)], { open: isOpen });
    details.dataset.chart = definition.title;
    return element('figure', [element('figcaption', [definition.title]), canvas, details]);
  }

  #columns({ lines }) {
    return [this.#points.map(({ at }) => Date.parse(at) / 1_000), ...lines.map(([, read]) => this.#points.map(read))];
  }

  #table({ title, lines, format }) {
    const rows = this.#points.filter(({ totalRequests }) => totalRequests > 0).map((point) => [
      element('th', [formatTime(point.at)], { scope: 'row' }),
      ...lines.map(([, read]) => element('td', [orNothing(read(point), format)], { className: 'number' })),
    ]);
    return table(`${title} over time`, ['From', ...lines.map(([name]) => [name, 'number'])], rows);
  }

  #width() {
    const columns = this.node.clientWidth > 900 ? 2 : 1;
    return Math.max(240, Math.floor(this.node.clientWidth / columns) - 48);
  }

  #resize() {
    for (const { chart } of this.#charts) if (chart.width !== this.#width()) chart.setSize({ width: this.#width(), height: HEIGHT });
  }
}

function optionsOf({ lines, format }, width) {
  const style = getComputedStyle(document.body);
  const probe = (name) => resolveColor(name);
  const axis = { stroke: probe('--muted'), grid: { stroke: probe('--border'), width: 1 }, ticks: { show: false }, font: `12px ${style.fontFamily}` };
  return {
    width,
    height: HEIGHT,
    cursor: { points: { size: 6 } },
    axes: [axis, { ...axis, size: 64, values: (_, values) => values.map(format) }],
    scales: { y: { range: (_, min, max) => [0, max > 0 ? max * 1.05 : 1] } },
    series: [{}, ...lines.map(([label], index) => ({ label, stroke: probe(COLORS[index]), width: 2, dash: DASHES[index], points: { show: lines.length === 1 ? undefined : true, size: 4 }, value: (_, value) => orNothing(value, format) }))],
  };
}

/** A canvas knows no custom properties, nor `light-dark()`: the browser says what they come to here. */
function resolveColor(name) {
  const probe = element('span', [], { hidden: true });
  probe.style.color = `var(${name})`;
  document.body.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}
