// Who changed what, when and why, and the way back.
import { call, withQuery } from '../api.js';
import { button, element } from '../dom.js';
import { readAddress, replaceAddress } from './address.js';
import { confirmAction } from './confirm-dialog.js';
import { field } from './form-fields.js';
import { timeNode } from './format.js';
import { actionName, changeSummary, subjectOf, valuesOf } from './history-entry.js';
import { emptyState, loadInto, table } from './loading.js';

const PAGE_SIZE = 50;
const COLUMNS = ['When', 'Who', 'What', 'Old → new', 'Why', ''];

export class HistoryView {
  #data;
  #entries = [];
  #nextCursor = null;

  constructor(data) {
    this.#data = data;
    this.keys = element('datalist', [], { id: 'history-keys' });
    this.key = element('input', [], { type: 'search', placeholder: 'All limits', autocomplete: 'off', spellcheck: false });
    this.key.setAttribute('list', this.keys.id);
    this.list = element('div');
    const filters = element('form', [field('Limit', this.key), this.keys], { className: 'filters', role: 'search' });
    this.node = element('section', [element('h2', ['History'], { tabIndex: -1 }), filters, this.list]);
    this.key.addEventListener('change', () => this.#filter());
    filters.addEventListener('submit', (event) => {
      event.preventDefault();
      this.#filter();
    });
    data.addEventListener('change', () => {
      if (this.node.isConnected) void this.#load(null);
    });
  }

  show() {
    this.keys.replaceChildren(...this.#data.items.map(({ key }) => element('option', [], { value: key })));
    this.key.value = readAddress().get('key') ?? '';
    void this.#load(null);
  }

  #filter() {
    replaceAddress({ key: this.key.value.trim() });
    void this.#load(null);
  }

  #load(cursor) {
    const path = withQuery('/api/limits/history', { key: this.key.value.trim(), limit: PAGE_SIZE, cursor });
    return loadInto(this.list, () => call('GET', path), ({ items, nextCursor }) => {
      this.#entries = cursor ? [...this.#entries, ...items] : items;
      this.#nextCursor = nextCursor;
      return this.#draw();
    });
  }

  #draw() {
    if (this.#entries.length === 0) return [emptyState('Nothing was changed yet.')];
    const more = button('Show earlier changes', () => void this.#load(this.#nextCursor), { focusKey: 'history:more' });
    return [table('Changes of limits, the latest first', COLUMNS, this.#entries.map((entry) => this.#row(entry))), ...(this.#nextCursor ? [more] : [])];
  }

  #row(entry) {
    const [before, after] = valuesOf(entry);
    const until = entry.expiresAt ? [element('small', ['until ', timeNode(entry.expiresAt)], { className: 'muted' })] : [];
    const revert = button('Revert', () => void this.#revert(entry), { className: 'small', focusKey: `revert:${entry.id}`, ariaLabel: `Revert revision ${entry.revision}` });
    return [
      [timeNode(entry.createdAt), element('small', [`revision ${entry.revision}`], { className: 'muted' })],
      [entry.actor],
      [...subjectOf(entry), element('small', [actionName(entry)], { className: 'muted' })],
      element('td', [`${before} → `, element('strong', [after]), ...until], { className: 'values' }),
      [entry.reason],
      entry.experimentId ? [] : element('td', [revert], { className: 'end' }), // experiments go one way
    ];
  }

  async #revert(entry) {
    const question = {
      title: `Revert revision ${entry.revision}?`,
      text: 'What was in force before it is put back, as a change of its own.',
      fields: [element('p', changeSummary(entry), { className: 'quote' })],
      confirmLabel: 'Revert',
      revision: this.#data.revision,
    };
    const isDone = await confirmAction(question, ({ reason, revision }) => this.#data.change('POST', `/api/limits/history/${entry.id}/revert`, { reason }, revision));
    if (isDone) this.#data.announce(`Revision ${entry.revision} is reverted.`);
  }
}
