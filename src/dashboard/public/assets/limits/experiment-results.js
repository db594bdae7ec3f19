// What each arm did, against the control.
import { element, svgElement } from '../dom.js';
import { badge, formatNumber, formatPercent, signedPercent, signedPoints } from './format.js';
import { emptyState, table } from './loading.js';

/** How each metric reads, and which way it gets better. */
const METRICS = {
  successRate: { name: 'Success', better: 'higher', isRate: true, format: (value) => formatPercent(value) },
  failureRate: { name: 'Failures', better: 'lower', isRate: true, format: (value) => formatPercent(value) },
  responseTimeMs: { name: 'Response time', better: 'lower', format: (value) => `${formatNumber(value / 1000, 2)} s` },
  timeToFirstTokenMs: { name: 'Time to first token', better: 'lower', format: (value) => `${formatNumber(value / 1000, 2)} s` },
  tokens: { name: 'Tokens', better: 'lower', format: (value) => formatNumber(value, 0) },
  credits: { name: 'Credits', better: 'lower', format: (value) => formatNumber(value, 3) },
};
const ARM_COLUMNS = ['Arm', ...['Users', 'Share', 'Expected', 'Runs'].map((name) => [name, 'number']), 'Failures'];
const METRIC_COLUMNS = ['Metric', 'Arm', ...['Users', 'Mean', 'Against the control'].map((name) => [name, 'number']), 'Interval', ''];
const PLOT = { width: 140, height: 16 };

export function resultNodes({ arms, sampleRatio, confidence, usersPerArmNeeded }) {
  if (arms.every(({ exposedUsers }) => exposedUsers === 0)) return [emptyState('No user has taken part yet.')];
  const totalWeight = arms.reduce((sum, { weight }) => sum + weight, 0);
  const totalUsers = arms.reduce((sum, { exposedUsers }) => sum + exposedUsers, 0);
  return [
    sampleRatioNote(sampleRatio),
    table('Users and runs per arm', ARM_COLUMNS, arms.map((arm) => [
      element('th', [arm.name], { scope: 'row' }),
      numberCell(formatNumber(arm.exposedUsers)),
      numberCell(formatPercent(arm.exposedUsers / totalUsers)),
      numberCell(formatPercent(arm.weight / totalWeight)),
      numberCell(formatNumber(arm.runs)),
      [failureText(arm.failures)],
    ])),
    element('p', [`Means over users. Differences of rates in points, others as shares of the control’s mean, with ${formatPercent(confidence)} intervals, which hold for one look at a number of users fixed beforehand.`], { className: 'muted' }),
    table('Metrics per arm', METRIC_COLUMNS, Object.keys(METRICS).flatMap((metric) => metricRows(metric, arms, usersPerArmNeeded[metric]))),
  ];
}

function sampleRatioNote({ alarm, pValue }) {
  const chance = `p = ${pValue < 0.0001 ? pValue.toExponential(1) : formatNumber(pValue, 4)}`;
  return alarm
    ? element('p', [element('strong', ['Sample-ratio alarm: ']), `the arms hold other numbers of users than their weights let expect (${chance}). Trust no figure below before the cause is found.`], { className: 'banner bad', role: 'alert' })
    : element('p', [`The arms hold as many users as their weights let expect (${chance}).`], { className: 'muted' });
}

function failureText(failures) {
  const named = Object.entries(failures).sort(([, a], [, b]) => b - a);
  return named.map(([pattern, runs]) => `${pattern}: ${runs}`).join(', ') || 'none';
}

function metricRows(metric, arms, usersNeeded) {
  const { name, format } = METRICS[metric];
  const needed = usersNeeded === null ? 'no estimate of the users needed yet' : `${formatNumber(usersNeeded)} users per arm find a change of 10 %`;
  const reach = Math.max(...arms.flatMap((arm) => edgesOf(arm.metrics[metric])), 0);
  return arms.map((arm, index) => {
    const result = arm.metrics[metric];
    const head = element('th', [name, element('small', [needed], { className: 'muted' })], { scope: 'rowgroup', rowSpan: arms.length, className: 'metric' });
    return [
      ...(index === 0 ? [head] : []),
      [arm.name],
      numberCell(formatNumber(result.users)),
      numberCell(result.users > 0 ? format(result.mean) : '–'),
      ...comparison(metric, result, arms[0].metrics[metric].mean, index === 0, reach),
    ];
  });
}

function comparison(metric, { versusControl }, controlMean, isControl, reach) {
  if (isControl) return [[], [], [badge('control')]];
  if (!versusControl) return [[], [], [badge('too few users', 'unclear')]];
  const { difference, lower, upper } = versusControl;
  // As shares of the control's mean unless that is zero: 3 % says more than 412 tokens.
  const show = METRICS[metric].isRate ? signedPoints : controlMean > 0 ? (value) => signedPercent(value / controlMean) : METRICS[metric].format;
  return [
    element('td', [element('span', [show(difference)]), element('small', [`${show(lower)} to ${show(upper)}`], { className: 'muted' })], { className: 'number' }),
    [intervalPlot({ difference, lower, upper }, reach)],
    [verdict(METRICS[metric].better, lower, upper)],
  ];
}

function verdict(better, lower, upper) {
  if (lower <= 0 && upper >= 0) return badge('no clear difference', 'unclear');
  return lower > 0 === (better === 'higher') ? badge('better') : badge('worse');
}

function edgesOf({ versusControl }) {
  return versusControl ? [Math.abs(versusControl.lower), Math.abs(versusControl.upper)] : [];
}

/** The interval as a line around the estimate, with the control in the middle. The numbers stand beside it. */
function intervalPlot({ difference, lower, upper }, reach) {
  const { width, height } = PLOT;
  const x = (value) => (width / 2) * (1 + (reach === 0 ? 0 : (0.96 * value) / reach));
  const middle = height / 2;
  return svgElement('svg', { viewBox: `0 0 ${width} ${height}`, width, height, 'aria-hidden': 'true', class: 'interval' }, [
    svgElement('line', { x1: width / 2, x2: width / 2, y1: 0, y2: height, class: 'control' }),
    svgElement('line', { x1: x(lower), x2: x(upper), y1: middle, y2: middle, class: 'reach' }),
    svgElement('circle', { cx: x(difference), cy: middle, r: 3.5 }),
  ]);
}

function numberCell(text) {
  return element('td', [text], { className: 'number' });
}
