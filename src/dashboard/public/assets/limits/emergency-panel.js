// The button that caps the whole system at once, apart from everything else.
import { button, element, redraw } from '../dom.js';
import { confirmAction } from './confirm-dialog.js';
import { field, select, valueControl } from './form-fields.js';
import { formatValue, timeNode } from './format.js';

const MINUTE_MS = 60_000;
const DURATIONS = [['15', '15 minutes'], ['60', '1 hour'], ['240', '4 hours'], ['1440', '1 day'], ['', 'until it is lifted']];
/** Not in the default profile: which of these fits is up to the person who presses the button. */
const CHOICES = ['chat.refuseNewRuns', 'model.emergencyModel'];

export class EmergencyPanel {
  #data;

  constructor(data) {
    this.#data = data;
    this.node = element('div', [], { className: 'emergency' });
    data.addEventListener('change', () => this.#draw());
  }

  #draw() {
    const { emergency } = this.#data;
    this.node.classList.toggle('on', emergency !== null);
    redraw(this.node, emergency ? this.#drawOn(emergency) : this.#drawOff());
  }

  #drawOff() {
    const press = button('Emergency…', () => void this.#press(), { className: 'danger-outline', focusKey: 'emergency' });
    return [
      element('p', [element('strong', ['Emergency is off.']), ' ', element('span', ['The button caps every run at once, those under way included.'], { className: 'muted' })]),
      element('div', [press], { className: 'row' }),
    ];
  }

  #drawOn({ reason, createdBy, createdAt, expiresAt, values }) {
    const items = Object.entries(values).map(([key, value]) => element('li', [element('code', [key]), ' ', element('strong', [formatValue(value)])]));
    return [
      element('div', [
        element('p', [element('strong', ['Emergency is on: ']), reason]),
        element('p', [`By ${createdBy}, `, timeNode(createdAt), ', ', ...(expiresAt ? ['until ', timeNode(expiresAt)] : ['until it is lifted'])], { className: 'muted' }),
        element('details', [element('summary', [`${items.length} limits are capped`]), element('ul', items)]),
      ]),
      element('div', [
        button('Change…', () => void this.#press(), { focusKey: 'emergency:change' }),
        button('Lift…', () => void this.#lift(), { className: 'primary', focusKey: 'emergency' }),
      ], { className: 'row' }),
    ];
  }

  async #press() {
    const { emergency, emergencyDefaults } = this.#data;
    const start = emergency?.values ?? emergencyDefaults;
    const duration = select(DURATIONS, { name: 'duration', value: '60' });
    const keys = [...new Set([...CHOICES, ...Object.keys(emergencyDefaults), ...Object.keys(start)])];
    const rows = keys.map((key) => capRow(this.#data.item(key), start[key]));
    const [choices, caps] = [rows.slice(0, CHOICES.length), rows.slice(CHOICES.length)];
    const capList = element('details', [element('summary', [`${caps.length} more caps`]), ...caps.map(({ node }) => node)], { open: emergency !== null });
    const question = {
      title: emergency ? 'Change the emergency profile?' : 'Cap the whole system?',
      text: 'It is felt by everybody, and by runs under way within one iteration. It only ever makes limits stricter.',
      confirmLabel: emergency ? 'Put in force' : 'Cap the system now',
      isDangerous: true,
      reason: 'required',
      fields: [...choices.map(({ node }) => node), capList, field('Until', duration)],
    };
    const isDone = await confirmAction(question, ({ reason }) => {
      const values = Object.fromEntries(rows.flatMap(({ key, read }) => (read() === undefined ? [] : [[key, read()]])));
      const expiresAt = duration.value ? new Date(Date.now() + Number(duration.value) * MINUTE_MS).toISOString() : null;
      return this.#data.change('PUT', '/api/limits/emergency', { values, reason, expiresAt }); // without a revision: an emergency waits for nobody
    });
    if (isDone) this.#data.announce('The emergency profile is on.');
  }

  async #lift() {
    const question = { title: 'Lift the emergency?', text: 'The limits go back to what they are without it, for runs under way too.', confirmLabel: 'Lift', revision: this.#data.revision };
    const isDone = await confirmAction(question, ({ reason, revision }) => this.#data.change('DELETE', '/api/limits/emergency', { reason }, revision));
    if (isDone) this.#data.announce('The emergency profile is lifted.');
  }
}

/** One limit of the profile, taken in or left out. @returns `{key, node, read()}`; `read` gives undefined when left out */
function capRow(item, value) {
  const isChoice = CHOICES.includes(item.key);
  const isIn = element('input', [], { type: 'checkbox', checked: value !== undefined });
  const label = element('label', [isIn, ' ', element('code', [item.key]), ...(isChoice ? [element('small', [item.description], { className: 'muted' })] : [])], { title: item.description });
  if (item.unit === 'switch') {
    isIn.checked = value === true;
    return { key: item.key, node: element('div', [label], { className: 'cap' }), read: () => isIn.checked || undefined };
  }
  const { control, read } = valueControl(item, value ?? item.value, { name: item.key, ariaLabel: `Cap of ${item.key}` });
  control.disabled = !isIn.checked;
  isIn.addEventListener('change', () => (control.disabled = !isIn.checked));
  return { key: item.key, node: element('div', [label, control], { className: 'cap' }), read: () => (isIn.checked ? read() : undefined) };
}
