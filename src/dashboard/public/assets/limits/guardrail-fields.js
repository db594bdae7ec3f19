// What stops a new experiment by itself.
import { element } from '../dom.js';

/** What each metric getting worse means. */
export const HARMS = {
  failureRate: 'more failures',
  successRate: 'less success',
  responseTimeMs: 'longer response time',
  timeToFirstTokenMs: 'later first token',
  tokens: 'more tokens',
  credits: 'more credits',
};

/** @returns `{node, read()}` */
export function guardrailFields() {
  const rows = Object.entries(HARMS).map(([metric, label]) => guardrailRow(metric, label));
  const node = element('fieldset', [
    element('legend', ['Guardrails']),
    element('p', ['The experiment stops by itself once an arm surely does more harm than this against the control.'], { className: 'muted' }),
    ...rows.map((row) => row.node),
  ]);
  return { node, read: () => rows.flatMap(({ read }) => read()) };
}

function guardrailRow(metric, label) {
  const isIn = element('input', [], { type: 'checkbox', checked: metric === 'failureRate' });
  const tolerance = element('input', [], { type: 'number', min: 0, max: 1_000, step: 'any', value: 0, disabled: !isIn.checked, ariaLabel: `Tolerated percent of ${label}` });
  isIn.addEventListener('change', () => (tolerance.disabled = !isIn.checked));
  const node = element('div', [element('label', [isIn, ` ${label}`]), tolerance, element('span', ['% tolerated'])], { className: 'cap' });
  return { node, read: () => (isIn.checked ? [{ metric, tolerance: Number(tolerance.value) / 100 }] : []) };
}
