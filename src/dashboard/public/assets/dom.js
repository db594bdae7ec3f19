// Nodes made by code: nothing on these pages parses HTML.

/**
 * @param properties properties of the node; names with a hyphen become attributes
 */
export function element(name, children = [], properties = {}) {
  const node = document.createElement(name);
  for (const [property, value] of Object.entries(properties)) {
    if (property.includes('-')) node.setAttribute(property, value);
    else node[property] = value;
  }
  node.append(...children);
  return node;
}

const SVG = 'http://www.w3.org/2000/svg';

export function svgElement(name, attributes = {}, children = []) {
  const node = document.createElementNS(SVG, name);
  for (const [attribute, value] of Object.entries(attributes)) node.setAttribute(attribute, value);
  node.append(...children);
  return node;
}

/** A button; those with a `focusKey` get the focus back after they were drawn anew. */
export function button(label, onClick, { focusKey, ...properties } = {}) {
  const node = element('button', [label], { type: 'button', ...properties });
  if (focusKey) node.dataset.focus = focusKey;
  if (onClick) node.addEventListener('click', onClick);
  return node;
}

/** Gives the focus to a node, or to the one drawn in its place, or to the heading of the view. */
export function returnFocus(node) {
  const key = node?.dataset?.focus;
  const target = node?.isConnected ? node : key && document.querySelector(`[data-focus="${CSS.escape(key)}"]`);
  (target || document.querySelector('main h2'))?.focus();
}

/** Draws something anew and leaves the focus where it was. */
export function redraw(container, nodes) {
  const focused = container.contains(document.activeElement) ? document.activeElement : null;
  container.replaceChildren(...nodes);
  if (focused && document.activeElement !== focused) returnFocus(focused);
}
