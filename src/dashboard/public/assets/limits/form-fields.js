// Parts that all forms of the page are made of.
import { element } from '../dom.js';
import { changeSummary } from './history-entry.js';
import { StaleLimits } from './limits-data.js';

let lastId = 0;

/** A labelled control, with a hint below it. */
export function field(label, control, hint = '') {
  control.id ||= `field-${++lastId}`;
  const hintNode = element('small', [hint], { id: `${control.id}-hint`, className: 'muted' });
  if (hint) control.setAttribute('aria-describedby', hintNode.id);
  return element('div', [element('label', [label], { htmlFor: control.id }), control, ...(hint ? [hintNode] : [])], { className: 'field' });
}

export function select(options, properties = {}) {
  const { value, ...others } = properties;
  const node = element('select', options.map(([optionValue, label]) => element('option', [label], { value: optionValue })), others);
  if (value !== undefined) node.value = value;
  return node;
}

/** A control for a value of a limit. @returns `{control, read()}` */
export function valueControl(item, value, properties = {}) {
  if (item.unit === 'switch') {
    const control = select([['true', 'on'], ['false', 'off']], { name: 'value', ...properties, value: String(value) });
    return { control, read: () => control.value === 'true' };
  }
  if (item.unit === 'model') {
    const control = element('input', [], { type: 'text', name: 'value', spellcheck: false, placeholder: 'provider/model', ...properties, value });
    return { control, read: () => control.value.trim() };
  }
  const control = element('input', [], { type: 'number', name: 'value', min: item.min, max: item.max, step: 'any', ...properties, value });
  return { control, read: () => (control.value === '' ? null : Number(control.value)) };
}

/** Where a form says what is wrong. */
export function problemBox() {
  return element('div', [], { className: 'problem', role: 'alert', hidden: true });
}

/**
 * Shows why something was refused: the words of the server, the fields at fault, and after a stale revision
 * what others did in between.
 */
export function showProblem(form, box, error) {
  for (const control of form.querySelectorAll('[aria-invalid]')) control.removeAttribute('aria-invalid');
  box.hidden = error === null;
  box.replaceChildren();
  if (error === null) return;
  box.append(element('p', [error.message]));
  if (error instanceof StaleLimits) box.append(element('ul', error.changes.map((entry) => element('li', changeSummary(entry)))));
  const faulty = (error.errors ?? []).flatMap(({ field: name }) => form.elements.namedItem(name) ?? []);
  for (const control of faulty) control.setAttribute('aria-invalid', 'true');
  faulty[0]?.focus();
}

/** Runs what a form asks for; once at a time, with its buttons off. @returns whether it worked */
export async function submitting(form, box, work) {
  const buttons = [...form.querySelectorAll('button')].filter(({ disabled }) => !disabled);
  for (const node of buttons) node.disabled = true;
  try {
    showProblem(form, box, null);
    await work();
    return true;
  } catch (error) {
    showProblem(form, box, error);
    return false;
  } finally {
    for (const node of buttons) node.disabled = false;
  }
}

/** From a field of local time. */
export function readTime(control) {
  return control.value ? new Date(control.value).toISOString() : null;
}
