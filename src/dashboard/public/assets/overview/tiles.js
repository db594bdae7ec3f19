// The figures of the window as tiles, each with its change against the window before.
import { element } from '../dom.js';
import { signedPercent } from '../limits/format.js';
import { FIGURES, NOTHING, orNothing } from './figures.js';

export class Tiles {
  #tiles = new Map();

  constructor() {
    for (const figure of FIGURES) {
      const value = element('dd', [NOTHING], { className: 'figure' });
      const change = element('dd', [''], { className: 'change muted' });
      this.#tiles.set(figure, { value, change, node: element('div', [element('dt', [figure.name]), value, change], { className: 'tile' }) });
    }
    this.node = element('dl', [...this.#tiles.values()].map(({ node }) => node), { className: 'tiles' });
  }

  show({ figures, change }) {
    for (const [figure, tile] of this.#tiles) {
      setText(tile.value, orNothing(figure.value(figures), figure.format));
      const by = figure.change(change);
      setText(tile.change, by === null ? 'nothing to compare with' : `${signedPercent(by)} against the window before`);
      const direction = Math.sign(by ?? 0) * figure.better;
      tile.change.className = `change ${direction > 0 ? 'good' : direction < 0 ? 'bad' : 'muted'}`;
    }
  }
}

/** Once a second, and mostly to the same: what has not changed is left alone. */
function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}
