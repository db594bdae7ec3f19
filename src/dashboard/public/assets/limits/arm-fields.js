// The arms of a new experiment, each with a weight and limits of its own.
import { button, element } from '../dom.js';
import { field, valueControl } from './form-fields.js';

export class ArmFields {
  #data;
  #arms = [];

  /** @param names of the arms to begin with, the control first */
  constructor(data, names) {
    this.#data = data;
    this.list = element('div');
    this.keys = element('datalist', data.items.filter(({ mutable }) => mutable).map(({ key }) => element('option', [], { value: key })), { id: 'arm-keys' });
    const add = button('Add an arm', () => this.#add(`arm-${this.#arms.length}`));
    this.node = element('fieldset', [element('legend', ['Arms']), element('p', ['The first arm is the control. An arm without limits has what everybody has.'], { className: 'muted' }), this.list, this.keys, add]);
    names.forEach((name) => this.#add(name));
  }

  read() {
    return this.#arms.map(({ name, weight, limits }) => ({
      name: name.value,
      weight: weight.value === '' ? null : Number(weight.value),
      values: Object.fromEntries(limits.filter(({ key }) => key.value.trim()).map(({ key, read }) => [key.value.trim(), read()])),
    }));
  }

  #add(initialName) {
    const isControl = this.#arms.length === 0;
    const title = isControl ? 'Control' : `Arm ${this.#arms.length + 1}`;
    const name = element('input', [], { type: 'text', value: initialName, required: true, spellcheck: false, autocomplete: 'off' });
    const weight = element('input', [], { type: 'number', value: 1, min: 1, max: 10_000, step: 1, required: true });
    const limits = [];
    const limitList = element('div');
    const arm = { name, weight, limits };
    this.#arms.push(arm);
    const addLimit = button('Add a limit', () => limitList.append(this.#limitRow(arm)), { className: 'small' });
    const remove = button('Remove the arm', () => {
      this.#arms = this.#arms.filter((other) => other !== arm);
      node.remove();
    }, { className: 'small' });
    const isNeeded = this.#arms.length <= 2;
    const node = element('div', [
      element('div', [field('Name', name), field('Weight', weight)], { className: 'fields' }),
      limitList,
      element('div', [addLimit, ...(isNeeded ? [] : [remove])], { className: 'row' }),
    ], { className: 'arm', role: 'group', ariaLabel: title });
    if (!isControl) limitList.append(this.#limitRow(arm));
    this.list.append(node);
  }

  #limitRow(arm) {
    const key = element('input', [], { type: 'text', spellcheck: false, autocomplete: 'off' });
    key.setAttribute('list', this.keys.id);
    const slot = element('div');
    const limit = { key, read: () => null };
    const showValue = () => {
      const item = this.#data.item(key.value.trim());
      if (!item) {
        slot.replaceChildren();
        limit.read = () => null; // the server names the key it does not know
        return;
      }
      const { control, read } = valueControl(item, item.value, { name: '' });
      limit.read = read;
      slot.replaceChildren(...field('Value', control, item.unit).childNodes);
    };
    key.addEventListener('change', showValue);
    arm.limits.push(limit);
    const remove = button('Remove', () => {
      arm.limits.splice(arm.limits.indexOf(limit), 1);
      node.remove();
    }, { className: 'small', ariaLabel: 'Remove this limit' });
    slot.className = 'field';
    const node = element('div', [field('Limit', key), slot, remove], { className: 'fields' });
    return node;
  }
}
