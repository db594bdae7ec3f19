// All limits, filtered, with an editor that opens below the row it is about.
import { button, element, redraw, returnFocus } from '../dom.js';
import { readAddress, replaceAddress } from './address.js';
import { field, select } from './form-fields.js';
import { badge, formatBounds, formatValue, inWords } from './format.js';
import { LimitEditor } from './limit-editor.js';

const SOURCES = ['default', 'profile', 'env', 'override', 'emergency'];
const COLUMNS = ['Limit', 'Value', 'Source', 'Default', 'Unit', 'Bounds', 'Actions'];

export class LimitsView {
  #data;
  #editor = null;

  constructor(data) {
    this.#data = data;
    this.search = element('input', [], { type: 'search', placeholder: 'Key or description', autocomplete: 'off' });
    this.group = select([]);
    this.source = select([['', 'Any'], ...SOURCES.map((source) => [source, source]), ['changed', 'not the default'], ['scoped', 'has overrides for some']]);
    this.count = element('p', [], { className: 'muted count', role: 'status' });
    this.body = element('table', [], { className: 'limits' });
    const filters = element('form', [field('Find', this.search), field('Group', this.group), field('Source', this.source), this.count], { className: 'filters', role: 'search' });
    const scroller = element('div', [this.body], { className: 'scroller', tabIndex: 0, role: 'region', ariaLabel: 'Table of limits' });
    this.node = element('section', [element('h2', ['All limits'], { className: 'hidden', tabIndex: -1 }), filters, scroller]);
    filters.addEventListener('input', () => this.#filter());
    filters.addEventListener('submit', (event) => event.preventDefault());
    data.addEventListener('change', () => this.#followChange());
  }

  show() {
    const address = readAddress();
    const groups = [...new Set(this.#data.items.map(groupOf))].sort();
    this.group.replaceChildren(...[['', 'All'], ...groups.map((group) => [group, group])].map(([value, label]) => element('option', [label], { value })));
    this.search.value = address.get('q') ?? '';
    this.group.value = address.get('group') ?? '';
    this.source.value = address.get('source') ?? '';
    this.#draw();
  }

  #filter() {
    replaceAddress({ q: this.search.value, group: this.group.value, source: this.source.value });
    this.#draw();
  }

  /** What is being typed is never drawn over. */
  #followChange() {
    if (this.#editor) this.#editor.noteChange();
    else if (this.node.isConnected) this.#draw();
  }

  #draw() {
    const shown = this.#data.items.filter((item) => this.#matches(item));
    this.count.textContent = `${shown.length} of ${this.#data.items.length} limits`;
    const head = element('thead', [element('tr', COLUMNS.map((name) => element('th', [name === 'Actions' ? element('span', [name], { className: 'hidden' }) : name], { scope: 'col', className: name.toLowerCase() })))]);
    const bodies = [...Map.groupBy(shown, groupOf)].map(([group, items]) =>
      element('tbody', [element('tr', [element('th', [group], { scope: 'rowgroup', colSpan: COLUMNS.length })], { className: 'group' }), ...items.flatMap((item) => this.#rows(item))]),
    );
    redraw(this.body, shown.length > 0 ? [head, ...bodies] : [emptyBody()]);
  }

  #matches(item) {
    const words = this.search.value.toLowerCase().split(/\s+/).filter(Boolean);
    const text = `${item.key} ${item.description} ${item.env}`.toLowerCase();
    return words.every((word) => text.includes(word)) && (!this.group.value || groupOf(item) === this.group.value) && this.#hasSource(item);
  }

  #hasSource({ key, source, value, default: defaultValue }) {
    switch (this.source.value) {
      case '':
        return true;
      case 'changed':
        return value !== defaultValue;
      case 'scoped':
        return this.#scopedOverrides(key).length > 0;
      default:
        return source === this.source.value;
    }
  }

  #scopedOverrides(key) {
    return (this.#data.overrides.get(key) ?? []).filter(({ scope }) => scope.kind !== 'global');
  }

  #rows(item) {
    const isOpen = this.#editor?.key === item.key;
    const scoped = this.#scopedOverrides(item.key).length;
    const edit = button(item.mutable ? 'Edit' : 'Details', () => this.#toggle(item), { focusKey: `edit:${item.key}`, ariaLabel: `${item.mutable ? 'Edit' : 'Details of'} ${item.key}`, ariaExpanded: String(isOpen), className: 'small' });
    const row = element('tr', [
      element('th', [element('code', [item.key]), element('span', [item.description], { className: 'description' })], { scope: 'row' }),
      valueCell(item.value, item.unit, item.value === item.default ? '' : 'changed'),
      element('td', [badge(item.source), ...(scoped > 0 ? [element('span', [`+ ${scoped} for some`], { className: 'scoped' })] : [])]),
      valueCell(item.default, item.unit, 'muted default'),
      element('td', [item.unit], { className: 'muted unit' }),
      element('td', [formatBounds(item)], { className: 'muted bounds' }),
      element('td', [edit], { className: 'end' }),
    ]);
    return isOpen ? [row, element('tr', [element('td', [this.#editor.node], { colSpan: COLUMNS.length })], { className: 'editor' })] : [row];
  }

  #toggle(item) {
    if (this.#editor?.key === item.key) {
      this.#close();
      return;
    }
    this.#editor = new LimitEditor(this.#data, item, () => this.#close());
    this.#draw();
    this.#editor.focus();
  }

  #close() {
    const { key } = this.#editor;
    this.#editor = null;
    this.#draw();
    returnFocus({ dataset: { focus: `edit:${key}` } });
  }
}

function groupOf({ key }) {
  return key.slice(0, key.indexOf('.'));
}

function valueCell(value, unit, className) {
  const words = inWords(value, unit);
  return element('td', [element('span', [formatValue(value)]), ...(words ? [element('small', [words], { className: 'muted' })] : [])], { className: `number ${className}` });
}

function emptyBody() {
  return element('tbody', [element('tr', [element('td', ['No limit matches. Widen the filter.'], { className: 'state' })])]);
}
