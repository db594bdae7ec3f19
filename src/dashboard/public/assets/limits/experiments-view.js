// The list of experiments, one of them opened, or the form for a new one, as the address says.
import { callForAll } from '../api.js';
import { element } from '../dom.js';
import { readAddress } from './address.js';
import { ExperimentDetail } from './experiment-detail.js';
import { experimentForm } from './experiment-form.js';
import { badge, formatPercent, timeNode } from './format.js';
import { emptyState, loadInto, table } from './loading.js';

const COLUMNS = ['Experiment', 'Status', 'Traffic', 'Arms', 'Started', 'Stopped'];
const BASIS_POINTS = 10_000;

export class ExperimentsView {
  #data;

  constructor(data) {
    this.#data = data;
    this.node = element('section');
    data.addEventListener('change', () => {
      if (this.node.isConnected && !readAddress().has('id')) this.show();
    });
  }

  show() {
    const id = readAddress().get('id');
    if (id === 'new') this.#showForm();
    else if (id) this.#showDetail(id);
    else this.#showList();
  }

  #showList() {
    const list = element('div');
    const create = element('a', ['New experiment'], { href: '?view=experiments&id=new', className: 'button primary' });
    this.node.replaceChildren(element('div', [element('h2', ['Experiments'], { tabIndex: -1 }), create], { className: 'row heading' }), list);
    void loadInto(list, () => callForAll('/api/experiments'), (experiments) => [
      experiments.length > 0 ? table('Experiments, the latest first', COLUMNS, experiments.map(listRow)) : emptyState('No experiment yet. One compares arms of users with limits of their own.'),
    ]);
  }

  #showForm() {
    const form = experimentForm(this.#data, ({ id, name }) => {
      this.#data.announce(`${name} is a draft now.`);
      history.replaceState(null, '', `?view=experiments&id=${id}`);
      this.show();
    });
    this.node.replaceChildren(backLink(), element('h2', ['New experiment'], { tabIndex: -1 }), form);
  }

  #showDetail(id) {
    const detail = new ExperimentDetail(this.#data, id);
    this.node.replaceChildren(backLink(), detail.node);
    void detail.load();
  }
}

function backLink() {
  return element('p', [element('a', ['← All experiments'], { href: '?view=experiments' })]);
}

function listRow({ id, name, status, trafficBasisPoints, arms, startedAt, stoppedAt, stopReason }) {
  return [
    element('th', [element('a', [name], { href: `?view=experiments&id=${id}` })], { scope: 'row' }),
    [badge(status)],
    [formatPercent(trafficBasisPoints / BASIS_POINTS)],
    [arms.map((arm) => arm.name).join(', ')],
    startedAt ? [timeNode(startedAt)] : ['–'],
    stoppedAt ? [timeNode(stoppedAt), element('small', [stopReason ?? ''], { className: 'muted' })] : ['–'],
  ];
}
