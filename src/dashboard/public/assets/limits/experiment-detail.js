// One experiment: what it is, what can be done with it, and what came out.
import { call } from '../api.js';
import { button, element } from '../dom.js';
import { confirmAction } from './confirm-dialog.js';
import { resultNodes } from './experiment-results.js';
import { field } from './form-fields.js';
import { HARMS } from './guardrail-fields.js';
import { badge, formatPercent, formatValue, timeNode } from './format.js';
import { loadInto, table } from './loading.js';

const PERCENT = 100; // basis points

export class ExperimentDetail {
  #data;
  #path;

  constructor(data, id) {
    this.#data = data;
    this.#path = `/api/experiments/${encodeURIComponent(id)}`;
    this.node = element('div');
  }

  load() {
    return loadInto(this.node, () => call('GET', `${this.#path}/results`), (results) => [
      ...this.#describe(results.experiment),
      element('div', [element('h3', ['Results']), button('Read again', () => void this.load(), { className: 'small', focusKey: 'results' })], { className: 'row heading' }),
      ...resultNodes(results),
    ]);
  }

  #describe(experiment) {
    const { name, hypothesis, status, trafficBasisPoints, targeting, guardrails, startedAt, stoppedAt, stopReason, createdBy, arms } = experiment;
    const facts = [
      ['Traffic', [formatPercent(trafficBasisPoints / PERCENT / 100)]],
      ['Plans', [targeting.plans?.join(', ') ?? 'all']],
      ['Intents', [targeting.intents?.join(', ') ?? 'all']],
      ['Stops by itself on', [guardrails.map(({ metric, tolerance }) => `${HARMS[metric] ?? metric}${tolerance > 0 ? ` (up to ${formatPercent(tolerance)} worse)` : ''}`).join(', ') || 'none']],
      ['Made by', [createdBy]],
      ...(startedAt ? [['Started', [timeNode(startedAt)]]] : []),
      ...(stoppedAt ? [['Stopped', [timeNode(stoppedAt), stopReason ? `: ${stopReason}` : '']]] : []),
    ];
    const armRows = arms.map((arm, index) => [
      element('th', [arm.name, ...(index === 0 ? [' ', badge('control')] : [])], { scope: 'row' }),
      element('td', [String(arm.weight)], { className: 'number' }),
      Object.keys(arm.values).length > 0
        ? [element('ul', Object.entries(arm.values).map(([key, value]) => element('li', [element('code', [key]), ' ', element('strong', [formatValue(value)])])), { className: 'layers' })]
        : [element('span', ['what everybody has'], { className: 'muted' })],
    ]);
    return [
      element('div', [element('h2', [name, ' ', badge(status)], { tabIndex: -1 }), element('div', this.#actions(experiment), { className: 'row' })], { className: 'row heading' }),
      ...(hypothesis ? [element('p', [hypothesis])] : []),
      element('dl', facts.flatMap(([term, description]) => [element('dt', [term]), element('dd', description)])),
      table('Arms', ['Arm', ['Weight', 'number'], 'Limits'], armRows),
    ];
  }

  #actions(experiment) {
    switch (experiment.status) {
      case 'draft':
        return [button('Start…', () => void this.#start(experiment), { className: 'primary', focusKey: 'experiment:start' })];
      case 'running':
        return [
          button('Raise traffic…', () => void this.#raiseTraffic(experiment), { focusKey: 'experiment:traffic' }),
          button('Stop…', () => void this.#stop(experiment), { className: 'danger-outline', focusKey: 'experiment:stop' }),
        ];
      default:
        return []; // a stopped experiment stays as it is
    }
  }

  #start({ name }) {
    const question = { title: `Start ${name}?`, text: 'From now on its arms have limits of their own. Arms, targeting and guardrails stay as they are.', confirmLabel: 'Start' };
    return this.#update(question, { status: 'running' }, `${name} is running.`);
  }

  #stop({ name }) {
    const question = { title: `Stop ${name}?`, text: 'Its users go back to what everybody has. It cannot be started again.', confirmLabel: 'Stop', isDangerous: true };
    return this.#update(question, { status: 'stopped' }, `${name} is stopped.`);
  }

  #raiseTraffic({ name, trafficBasisPoints }) {
    const share = element('input', [], { type: 'number', min: trafficBasisPoints / PERCENT, max: 100, step: 0.01, value: trafficBasisPoints / PERCENT, required: true, name: 'traffic' });
    const question = { title: `Raise the traffic of ${name}?`, text: 'More users take part. Those who do already stay in their arm.', confirmLabel: 'Raise', fields: [field('Traffic in percent', share)] };
    return this.#update(question, () => ({ trafficBasisPoints: Math.round(Number(share.value) * PERCENT) }), `The traffic of ${name} is raised.`);
  }

  async #update(question, changes, done) {
    const isDone = await confirmAction(question, async ({ reason }) => {
      await call('PATCH', this.#path, { ...(typeof changes === 'function' ? changes() : changes), reason });
      await Promise.all([this.load(), this.#data.load()]);
    });
    if (isDone) this.#data.announce(done);
  }
}
