// What stands in a view while its data comes, and when it does not.
import { button, element } from '../dom.js';

/**
 * Loads something and draws it into a container; of several loads at once, only the last one draws.
 * @param draw makes nodes of what was loaded
 */
export async function loadInto(container, load, draw) {
  const turn = Symbol();
  container.turn = turn;
  container.ariaBusy = 'true';
  if (!container.hasChildNodes()) container.append(element('p', ['Loading…'], { className: 'muted' }));
  let nodes;
  try {
    nodes = draw(await load());
  } catch (error) {
    const again = button('Try again', () => void loadInto(container, load, draw));
    nodes = [element('div', [element('p', [error.message]), again], { className: 'state', role: 'alert' })];
  }
  if (container.turn !== turn) return;
  container.ariaBusy = 'false';
  container.replaceChildren(...nodes);
}

export function emptyState(text) {
  return element('p', [text], { className: 'state muted' });
}

/**
 * @param columns names, or `[name, className]`
 * @param rows arrays of cells; a cell is a list of children or a node
 */
export function table(caption, columns, rows) {
  const head = element('tr', columns.map((column) => [column].flat()).map(([name, className = '']) => element('th', [name], { scope: 'col', className })));
  const body = rows.map((cells) => element('tr', cells.map((cell) => (cell instanceof Node ? cell : element('td', cell)))));
  const node = element('table', [element('caption', [caption], { className: 'hidden' }), element('thead', [head]), element('tbody', body)]);
  return element('div', [node], { className: 'scroller', tabIndex: 0, role: 'region', ariaLabel: caption });
}
