// The form of a new experiment.
import { call, newRequestKey } from '../api.js';
import { element } from '../dom.js';
import { field, problemBox, submitting } from './form-fields.js';
import { ArmFields } from './arm-fields.js';
import { guardrailFields } from './guardrail-fields.js';

const BASIS_POINTS_PER_PERCENT = 100;

/** @param onCreated called with the draft */
export function experimentForm(data, onCreated) {
  const requestKey = newRequestKey();
  const problem = problemBox();
  const name = element('input', [], { type: 'text', name: 'name', maxLength: 100, required: true, autocomplete: 'off' });
  const hypothesis = element('textarea', [], { name: 'hypothesis', rows: 2, maxLength: 2_000 });
  const traffic = element('input', [], { type: 'number', name: 'trafficBasisPoints', min: 0, max: 100, step: 0.01, value: 100 });
  const plans = element('input', [], { type: 'text', name: 'plans', autocomplete: 'off', spellcheck: false });
  const intents = data.intents.map((intent) => element('input', [], { type: 'checkbox', value: intent }));
  const arms = new ArmFields(data, ['control', 'treatment']);
  const guardrails = guardrailFields();
  const form = element('form', [
    field('Name', name),
    field('Hypothesis', hypothesis, 'What you expect, and why'),
    arms.node,
    element('fieldset', [
      element('legend', ['Who takes part']),
      element('div', [field('Traffic in percent', traffic, 'It can be raised later, never lowered'), field('Plans', plans, 'With commas between; empty for all')], { className: 'fields' }),
      element('div', [element('span', ['Intents (none ticked: all)']), ...intents.map((box) => element('label', [box, ` ${box.value}`]))], { className: 'row choices' }),
    ]),
    guardrails.node,
    problem,
    element('div', [element('a', ['Cancel'], { href: '?view=experiments', className: 'button' }), element('button', ['Create draft'], { type: 'submit', className: 'primary' })], { className: 'actions' }),
  ], { className: 'experiment' });

  form.addEventListener('submit', (event) => {
    event.preventDefault();
    void submitting(form, problem, async () => {
      const chosenPlans = plans.value.split(',').map((plan) => plan.trim()).filter(Boolean);
      const chosenIntents = intents.filter(({ checked }) => checked).map(({ value }) => value);
      const order = {
        name: name.value,
        hypothesis: hypothesis.value,
        arms: arms.read(),
        trafficBasisPoints: Math.round(Number(traffic.value) * BASIS_POINTS_PER_PERCENT),
        targeting: { ...(chosenPlans.length > 0 && { plans: chosenPlans }), ...(chosenIntents.length > 0 && { intents: chosenIntents }) },
        guardrails: guardrails.read(),
      };
      onCreated(await call('POST', '/api/experiments', order, { 'idempotency-key': requestKey }));
    });
  });
  return form;
}
