// What happened in one run, in the order of time: model calls, tool calls and failures with their time, tokens and cost.
import { call } from './api.js';
import { element, svgElement } from './dom.js';
import { describeDecision } from './failures/decision.js';
import { badge, formatNumber, inWords, timeNode } from './limits/format.js';
import { emptyState, table } from './limits/loading.js';
import { keepView } from './page-view.js';

const REFRESH_MS = 3_000;
const COLUMNS = [['After', 'number'], ['Step', 'number'], 'What', 'How it went', 'When', ['Time', 'number'], ['Input tokens', 'number'], ['Output tokens', 'number'], ['Credits', 'number']];
const TONES = { completed: 'better', succeeded: 'better', recovered: 'better', failed: 'worse', error: 'worse', timeout: 'worse', denied: 'worse', cancelled: 'env' };
const LANE = { width: 160, height: 12 };

const runId = new URLSearchParams(location.search).get('id') ?? '';
let shown = null;

if (runId) keepView({ load, draw, refreshMs: REFRESH_MS, nouns: 'events of this run' });
else document.getElementById('view').replaceChildren(emptyState('No run was named. Choose one from the failures or the ledger.'));

/** A run that has ended stays as it is. */
async function load() {
  if (!shown?.hasEnded) shown = await call('GET', `/api/chat/runs/${encodeURIComponent(runId)}/timeline`);
  return shown;
}

function draw(run) {
  const start = Date.parse(run.createdAt);
  const ends = run.entries.map(({ at, durationMs }) => Date.parse(at) + (durationMs ?? 0));
  const spanMs = Math.max(1, Math.max(start + (run.durationMs ?? 0), ...ends) - start);
  return [
    element('h2', ['Run ', element('code', [run.runId]), ' ', badge(run.status, TONES[run.status])], { tabIndex: -1 }),
    facts(run),
    element('h2', ['Events']),
    run.entries.length > 0 ? table('Events of the run, the earliest first', COLUMNS, run.entries.map((entry) => row(entry, start, spanMs))) : emptyState('Nothing happened yet.'),
  ];
}

function facts(run) {
  const pairs = {
    Started: timeNode(run.createdAt),
    Intent: run.intent,
    Model: run.model,
    Time: duration(run.durationMs),
    'First text': duration(run.timeToFirstTokenMs),
    Tokens: formatNumber(run.inputTokens + run.outputTokens + run.reasoningTokens),
    Credits: formatNumber(run.credits, 4),
    ...(run.finishReason && { 'Ended with': run.finishReason }),
    ...(run.failurePattern && { Failure: run.failurePattern }),
    ...(run.takeovers > 0 && { 'Taken over': `${run.takeovers} times` }),
  };
  return element('dl', Object.entries(pairs).map(([name, value]) => element('div', [element('dt', [name]), element('dd', [value])])), { className: 'facts' });
}

function row(entry, start, spanMs) {
  const afterMs = Math.max(0, Date.parse(entry.at) - start);
  const { what, outcome } = WORDS[entry.kind](entry);
  return [
    number(duration(afterMs)),
    number(entry.iteration),
    element('th', what, { scope: 'row' }),
    outcome,
    [lane(entry.kind, afterMs / spanMs, (entry.durationMs ?? 0) / spanMs)],
    number(duration(entry.durationMs)),
    number(entry.inputTokens === undefined ? '' : formatNumber(entry.inputTokens)),
    number(entry.outputTokens === undefined ? '' : formatNumber(entry.outputTokens + entry.reasoningTokens)),
    number(entry.credits === undefined ? '' : formatNumber(entry.credits, 4)),
  ];
}

const WORDS = {
  model_call: ({ model, attempt, finishReason, firstTokenMs }) => ({
    what: ['Model call', note(attempt > 1 ? `${model}, attempt ${attempt}` : model)],
    outcome: [badge(finishReason, TONES[finishReason] ?? ''), ...(firstTokenMs === null ? [] : [note(`first text after ${duration(firstTokenMs)}`)])],
  }),
  tool_call: ({ name, status, errorCode }) => ({
    what: [element('code', [name])],
    outcome: [badge(status, TONES[status] ?? ''), ...(errorCode ? [note(errorCode)] : [])],
  }),
  failure: ({ name, detail, action, outcome }) => ({
    what: [element('strong', [name]), note(detail)],
    outcome: [badge(outcome, TONES[outcome] ?? ''), note(describeDecision(action))],
  }),
};

/** Where in the run's time it lies. The numbers stand beside it. */
function lane(kind, from, share) {
  const { width, height } = LANE;
  const length = Math.max(2, share * width);
  const x = Math.min(from * width, width - length);
  const rects = [svgElement('rect', { width, height, class: 'track' }), svgElement('rect', { x, width: length, height, class: kind })];
  return svgElement('svg', { viewBox: `0 0 ${width} ${height}`, width, height, class: 'lane', 'aria-hidden': 'true' }, rects);
}

function duration(ms) {
  if (ms === null) return '–';
  return inWords(ms, 'ms') || `${formatNumber(ms, 0)} ms`;
}

function note(text) {
  return element('span', [text], { className: 'description' });
}

function number(text) {
  return element('td', [String(text)], { className: 'number' });
}
