// The limits page: an emergency panel that always shows, and below it one of several views, which the address names.
import { ApiProblem } from './api.js';
import { button, element } from './dom.js';
import { readAddress } from './limits/address.js';
import { EffectiveView } from './limits/effective-view.js';
import { EmergencyPanel } from './limits/emergency-panel.js';
import { ExperimentsView } from './limits/experiments-view.js';
import { formatTime } from './limits/format.js';
import { HistoryView } from './limits/history-view.js';
import { LimitsData } from './limits/limits-data.js';
import { LimitsView } from './limits/limits-view.js';
import { askForKey } from './sign-in.js';

const REFRESH_MS = 15_000;

const page = Object.fromEntries(['revision', 'stale', 'emergency', 'views', 'view', 'announcement'].map((id) => [id, document.getElementById(id)]));
const data = new LimitsData();
const views = { limits: new LimitsView(data), effective: new EffectiveView(data), history: new HistoryView(data), experiments: new ExperimentsView(data) };
const emergency = new EmergencyPanel(data);

page.emergency.append(emergency.node);
data.addEventListener('change', showRevision);
data.addEventListener('announce', ({ detail }) => (page.announcement.textContent = detail));
window.addEventListener('popstate', showView);
document.addEventListener('click', (event) => {
  const link = event.target.closest('a[href^="?"]');
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  history.pushState(null, '', link.getAttribute('href') === '?' ? location.pathname : link.href);
  showView();
  page.view.focus();
});

await start();

async function start() {
  page.view.replaceChildren(element('p', ['Loading…'], { className: 'muted' }));
  try {
    await data.load();
  } catch (error) {
    showFault(error);
    return;
  }
  showView();
  setInterval(() => void refresh(), REFRESH_MS);
  document.addEventListener('visibilitychange', () => void refresh());
}

function showFault(error) {
  const again = button('Try again', () => void start(), { className: 'primary' });
  const otherKey = button('Use another API key', async () => (await askForKey()) && start());
  const needsKey = error instanceof ApiProblem && (error.status === 401 || error.status === 403);
  const help = error.status === 403 ? 'Only admins see and change limits.' : '';
  page.view.replaceChildren(
    element('div', [element('h2', ['The limits cannot be shown']), element('p', [`${error.message} ${help}`]), element('div', [again, ...(needsKey ? [otherKey] : [])], { className: 'row' })], {
      className: 'state',
      role: 'alert',
    }),
  );
}

function showView() {
  const name = readAddress().get('view') ?? 'limits';
  const view = views[name] ?? views.limits;
  for (const link of page.views.querySelectorAll('a')) link.ariaCurrent = views[link.dataset.view] === view ? 'page' : null;
  if (page.view.firstChild !== view.node) page.view.replaceChildren(view.node);
  view.show();
}

/** Others change limits too. What is shown stays when it cannot be read again, and says how old it is. */
async function refresh() {
  if (document.hidden) return;
  try {
    await data.load();
    page.stale.hidden = true;
  } catch (error) {
    page.stale.textContent = `Shown as of ${formatTime(data.readAt)}, and it may have changed since: ${error.message}`;
    page.stale.hidden = false;
  }
}

function showRevision() {
  page.revision.textContent = `revision ${data.revision}`;
}
