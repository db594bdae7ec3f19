// What every dashboard page does: load, draw, keep fresh while it is seen, say in words what went wrong.
import { ApiProblem } from './api.js';
import { button, element, redraw } from './dom.js';
import { formatTime } from './limits/format.js';
import { askForKey } from './sign-in.js';

/**
 * Draws into `#view` what `load` answers, and again every `refreshMs` while the page is visible. What is shown
 * stays when it cannot be loaded again, and `#stale` says how old it is.
 * @param draw makes nodes of what was loaded
 * @returns a function that loads and draws at once
 */
export function keepView({ load, draw, refreshMs, nouns, adminsOnly = false }) {
  const view = document.getElementById('view');
  const stale = document.getElementById('stale');
  let readAt = null;
  let turn = 0;

  async function show() {
    const mine = ++turn;
    try {
      const loaded = await load();
      if (mine !== turn) return;
      readAt = new Date();
      stale.hidden = true;
      redraw(view, draw(loaded));
    } catch (error) {
      if (mine === turn) showFault(error);
    }
  }

  function showFault(error) {
    if (readAt) {
      stale.textContent = `Shown as of ${formatTime(readAt)}, and it may have changed since: ${error.message}`;
      stale.hidden = false;
      return;
    }
    const needsKey = error instanceof ApiProblem && (error.status === 401 || error.status === 403);
    const buttons = [button('Try again', () => void show(), { className: 'primary' })];
    if (needsKey) buttons.push(button('Use another API key', async () => (await askForKey()) && show()));
    const help = adminsOnly && error.status === 403 ? ` Only admins see ${nouns}.` : '';
    view.replaceChildren(
      element('div', [element('h2', [`The ${nouns} cannot be shown`]), element('p', [error.message + help]), element('div', buttons, { className: 'row' })], { className: 'state', role: 'alert' }),
    );
  }

  view.replaceChildren(element('p', ['Loading…'], { className: 'muted' }));
  setInterval(() => document.hidden || void show(), refreshMs);
  document.addEventListener('visibilitychange', () => document.hidden || void show());
  void show();
  return show;
}

/** Told to screen readers, and to nobody else. */
export function announce(text) {
  document.getElementById('announcement').textContent = text;
}
