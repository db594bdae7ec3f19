// What every limit is for a user, a plan and an intent, and which layer made it so.
import { call, withQuery } from '../api.js';
import { element } from '../dom.js';
import { readAddress, replaceAddress } from './address.js';
import { field, select } from './form-fields.js';
import { badge, formatScope, formatValue, inWords } from './format.js';
import { emptyState, loadInto, table } from './loading.js';

const COLUMNS = ['Limit', ['Value', 'number'], 'Won', 'Why', 'Other layers'];

export class EffectiveView {
  #data;

  constructor(data) {
    this.#data = data;
    this.userId = element('input', [], { type: 'text', name: 'userId', spellcheck: false, autocomplete: 'off' });
    this.plan = element('input', [], { type: 'text', name: 'plan', spellcheck: false, autocomplete: 'off' });
    this.intent = select([], { name: 'intent' });
    this.search = element('input', [], { type: 'search', name: 'q', autocomplete: 'off' });
    this.only = select([['', 'All'], ['changed', 'not the default']], { name: 'only' });
    this.result = element('div');
    const fields = [field('User id', this.userId), field('Plan', this.plan, 'Empty: the user’s own'), field('Intent', this.intent), field('Find', this.search), field('Show', this.only)];
    const form = element('form', [...fields, element('button', ['Explain'], { type: 'submit', className: 'primary' })], { className: 'filters' });
    this.node = element('section', [element('h2', ['What holds for whom, and why'], { tabIndex: -1 }), form, this.result]);
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      replaceAddress(Object.fromEntries(new FormData(form)));
      void this.#explain();
    });
    data.addEventListener('change', () => {
      if (this.node.isConnected) void this.#explain();
    });
  }

  show() {
    const address = readAddress();
    this.intent.replaceChildren(...[['', 'Any'], ...this.#data.intents.map((intent) => [intent, intent])].map(([value, label]) => element('option', [label], { value })));
    for (const control of [this.userId, this.plan, this.intent, this.search, this.only]) control.value = address.get(control.name) ?? '';
    void this.#explain();
  }

  #explain() {
    const path = withQuery('/api/limits/effective', { userId: this.userId.value.trim(), plan: this.plan.value.trim(), intent: this.intent.value });
    return loadInto(this.result, () => call('GET', path), (effective) => this.#draw(effective));
  }

  #draw({ subject, arms, items }) {
    const words = this.search.value.toLowerCase();
    const shown = items.filter(({ key, source }) => key.toLowerCase().includes(words) && (!this.only.value || source !== 'default'));
    const whom = [subject.userId && `user ${subject.userId}`, subject.plan && `plan ${subject.plan}`, subject.intent && `intent ${subject.intent}`].filter(Boolean).join(', ');
    const inArms = arms.length > 0 ? `; in experiments: ${arms.map(({ experimentId, arm }) => `${arm} of ${experimentId}`).join(', ')}` : '';
    const summary = element('p', [`${shown.length} of ${items.length} limits for ${whom || 'everybody'}${inArms}.`], { className: 'muted', role: 'status' });
    if (shown.length === 0) return [summary, emptyState('No limit matches.')];
    return [summary, table('Effective limits', COLUMNS, shown.map((item) => this.#row(item)))];
  }

  #row({ key, value, source, candidates }) {
    const unit = this.#data.item(key)?.unit;
    const winner = candidates.find(({ outcome }) => outcome === 'won');
    const others = candidates.filter((candidate) => candidate !== winner);
    return [
      element('th', [element('code', [key])], { scope: 'row' }),
      element('td', [element('strong', [formatValue(value)]), element('small', [inWords(value, unit)], { className: 'muted' })], { className: 'number' }),
      [badge(source)],
      [winner.reason],
      others.length > 0 ? [element('ul', others.map(describeLayer), { className: 'layers' })] : [element('span', ['none'], { className: 'muted' })],
    ];
  }
}

function describeLayer({ source, scope, value, reason }) {
  return element('li', [badge(source), ` ${formatValue(value)}${scope ? ` for ${formatScope(scope)}` : ''} `, element('small', [reason], { className: 'muted' })]);
}
