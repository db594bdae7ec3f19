// The account of whoever looks: balance, usage by day, model and intent, and the ledger with the run behind each line.
import { call, withQuery } from './api.js';
import { button, element, svgElement } from './dom.js';
import { badge, formatNumber, runLink, timeNode } from './limits/format.js';
import { emptyState, table } from './limits/loading.js';
import { keepView } from './page-view.js';

const REFRESH_MS = 15_000;
const LEDGER_PAGE = 50;
const DAYS = 30;
const DAY_MS = 86_400_000;
const LEVEL_BADGES = { good: 'better', low: 'env', critical: 'worse' };
const USAGE_COLUMNS = ['Day', 'Model', 'Intent', ['Runs', 'number'], ['Calls', 'number'], ['Input tokens', 'number'], ['Output tokens', 'number'], ['Credits', 'number'], ''];
const LEDGER_COLUMNS = ['When', 'What', 'Run', ['Credits', 'number']];
const BAR = { width: 100, height: 10 };

let ledgerLimit = LEDGER_PAGE;
const show = keepView({ load, draw, refreshMs: REFRESH_MS, nouns: 'credits' });

async function load() {
  const from = new Date(Date.now() - DAYS * DAY_MS).toISOString();
  const [balance, usage, ledger] = await Promise.all([
    call('GET', '/api/billing/balance'),
    call('GET', withQuery('/api/billing/usage/summary', { from })),
    call('GET', withQuery('/api/billing/ledger', { limit: ledgerLimit })),
  ]);
  return { balance, usage, ledger };
}

function draw({ balance, usage, ledger }) {
  return [
    element('h2', ['Balance ', badge(balance.level, LEVEL_BADGES[balance.level])], { tabIndex: -1 }),
    balanceList(balance),
    element('h2', [`Usage of the last ${DAYS} days`]),
    usage.items.length > 0 ? usageTable(usage.items) : emptyState('Nothing was used yet.'),
    element('h2', ['Ledger']),
    ledger.items.length > 0 ? table('Ledger, the latest entry first', LEDGER_COLUMNS, ledger.items.map(ledgerRow)) : emptyState('Nothing was posted yet.'),
    ...(ledger.nextCursor && ledgerLimit < 200 ? [button('Show earlier entries', showMore, { focusKey: 'ledger:more' })] : []),
  ];
}

function showMore() {
  ledgerLimit = Math.min(200, ledgerLimit + LEDGER_PAGE);
  void show();
}

function balanceList({ posted, held, available, creditsUsedThisMonth, allowance }) {
  const amounts = { Available: available, Posted: posted, 'Held for calls under way': held, 'Used this month': creditsUsedThisMonth, Allowance: allowance };
  return element('dl', Object.entries(amounts).map(([name, amount]) => element('div', [element('dt', [name]), element('dd', [formatNumber(amount, 4)])])), { className: 'balance' });
}

function usageTable(items) {
  const most = Math.max(...items.map(({ credits }) => credits));
  const node = table('Usage by day, model and intent', USAGE_COLUMNS, items.map((item) => [
    element('th', [item.day], { scope: 'row' }),
    [item.model],
    [item.intent],
    number(item.runs),
    number(item.modelCalls),
    number(item.inputTokens),
    number(item.outputTokens + item.reasoningTokens),
    number(item.credits),
    [bar(most > 0 ? item.credits / most : 0)],
  ]));
  node.classList.add('usage');
  return node;
}

function ledgerRow({ createdAt, kind, reason, runId, credits }) {
  const run = runId ? [runLink(runId)] : [element('span', ['–'], { className: 'muted' })];
  const amount = credits.toLocaleString(undefined, { maximumFractionDigits: 4, signDisplay: 'exceptZero' });
  return [[timeNode(createdAt)], [badge(kind), ` ${reason}`], run, element('td', [amount], { className: 'number' })];
}

function number(value) {
  return element('td', [formatNumber(value, 4)], { className: 'number' });
}

/** The number stands beside it. */
function bar(share) {
  const { width, height } = BAR;
  return svgElement('svg', { viewBox: `0 0 ${width} ${height}`, width, height, 'aria-hidden': 'true', class: 'bar' }, [svgElement('rect', { width: Math.max(1, width * share), height, rx: 2 })]);
}
