// The scheduled jobs: when each ran last, how it went, and a way to run it now.
import { call } from './api.js';
import { button, element } from './dom.js';
import { badge, formatNumber, timeNode } from './limits/format.js';
import { table } from './limits/loading.js';
import { announce, keepView } from './page-view.js';

const REFRESH_MS = 5_000;
const COLUMNS = ['Job', 'Last pass', 'Outcome', ['Rows', 'number'], ['Time', 'number'], 'Next', ''];
const running = new Set();

const show = keepView({ load: () => call('GET', '/api/maintenance/jobs'), draw, refreshMs: REFRESH_MS, nouns: 'jobs', adminsOnly: true });

function draw({ items }) {
  return [element('h2', [`${items.length} jobs`], { tabIndex: -1 }), table('Scheduled jobs', COLUMNS, items.map(row))];
}

function row(job) {
  const failed = job.lastOutcome === 'failed';
  const error = job.lastError ? [element('small', [job.lastError], { className: 'description' })] : [];
  const more = job.lastHasMore ? [element('small', ['more to do'], { className: 'description' })] : [];
  const now = button('Run now', () => void runNow(job), {
    className: 'small',
    focusKey: `run:${job.name}`,
    ariaLabel: `Run now: ${job.name}`,
    disabled: running.has(job.name),
  });
  return [
    element('th', [element('code', [job.name]), element('span', [job.description], { className: 'description' })], { scope: 'row' }),
    [job.lastStartedAt ? timeNode(job.lastStartedAt) : element('span', ['never'], { className: 'muted' })],
    [job.lastOutcome ? badge(job.lastOutcome, failed ? 'worse' : 'better') : '–', ...error],
    element('td', [job.lastRows === null ? '–' : formatNumber(job.lastRows), ...more], { className: 'number' }),
    element('td', [job.lastDurationMs === null ? '–' : `${formatNumber(job.lastDurationMs)} ms`], { className: 'number' }),
    [timeNode(job.nextRunAt)],
    element('td', [now], { className: 'end' }),
  ];
}

async function runNow({ name }) {
  running.add(name);
  try {
    const pass = await call('POST', `/api/maintenance/jobs/${encodeURIComponent(name)}/run`);
    announce(`${name}: ${pass.outcome}, ${pass.rows} rows${pass.hasMore ? ', more to do' : ''}.${pass.error ? ` ${pass.error}` : ''}`);
  } catch (error) {
    announce(`${name} was not run: ${error.message}`);
  } finally {
    running.delete(name);
    await show();
  }
}
