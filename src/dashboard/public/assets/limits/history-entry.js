// One entry of the history, in words.
import { element } from '../dom.js';
import { formatPercent, formatScope, formatValue } from './format.js';

const ACTIONS = {
  'override.set': 'override set',
  'override.removed': 'override removed',
  'emergency.set': 'emergency pressed',
  'emergency.lifted': 'emergency lifted',
  'experiment.started': 'experiment started',
  'experiment.stopped': 'experiment stopped',
  'experiment.traffic_raised': 'traffic raised',
};

const BASIS_POINTS = 10_000;

export function actionName({ action }) {
  return ACTIONS[action] ?? action;
}

/** Old and new value: for an override what it said, for an experiment its traffic. */
export function valuesOf(entry) {
  const format = entry.experimentId ? (value) => (value === null ? 'none' : formatPercent(value / BASIS_POINTS)) : formatValue;
  return [format(entry.oldValue), format(entry.newValue)];
}

/** What a change was about. */
export function subjectOf(entry) {
  if (entry.key) return [element('code', [entry.key]), ` for ${formatScope(entry.scope)}`];
  if (entry.experimentId) return [element('a', ['experiment'], { href: `?view=experiments&id=${entry.experimentId}` })];
  return ['emergency profile'];
}

export function changeSummary(entry) {
  const [before, after] = valuesOf(entry);
  return [...subjectOf(entry), `: ${actionName(entry)}, ${before} → ${after}, by ${entry.actor} (${entry.reason})`];
}
