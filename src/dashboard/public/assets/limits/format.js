// Values, times and names in words for people.
import { element } from '../dom.js';

const UNITS = {
  ms: [['d', 86_400_000], ['h', 3_600_000], ['min', 60_000], ['s', 1_000]],
  bytes: [['GiB', 1024 ** 3], ['MiB', 1024 ** 2], ['KiB', 1024]],
};

export function formatValue(value) {
  if (value === null || value === undefined) return 'none';
  if (value === '') return 'empty';
  if (typeof value === 'boolean') return value ? 'on' : 'off';
  if (typeof value === 'number') return formatNumber(value);
  if (typeof value === 'object') return `${Object.keys(value).length} values`;
  return String(value);
}

export function formatNumber(value, digits = 6) {
  return value.toLocaleString(undefined, { maximumFractionDigits: digits });
}

/** A large number in the unit people think in, or nothing when it is that already. */
export function inWords(value, unit) {
  const scale = typeof value === 'number' ? UNITS[unit]?.find(([, size]) => value >= size) : undefined;
  return scale ? `${formatNumber(value / scale[1], 2)} ${scale[0]}` : '';
}

export function formatBounds({ min, max, unit }) {
  if (min === null || max === null) return unit === 'switch' ? 'on or off' : 'any';
  return [min, max].map((bound) => inWords(bound, unit) || formatCompact(bound)).join(' – ');
}

/** 1,000,000 as 1M; smaller ones as they are. */
function formatCompact(value) {
  return value.toLocaleString(undefined, value < 100_000 ? {} : { notation: 'compact', maximumFractionDigits: 3 });
}

export function formatTime(time) {
  return new Date(time).toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'short' });
}

export function timeNode(time) {
  return element('time', [formatTime(time)], { dateTime: new Date(time).toISOString(), title: new Date(time).toISOString() });
}

export function formatPercent(share, digits = 1) {
  return share.toLocaleString(undefined, { style: 'percent', maximumFractionDigits: digits });
}

export function signedPercent(share) {
  return share.toLocaleString(undefined, { style: 'percent', maximumFractionDigits: 1, signDisplay: 'exceptZero' });
}

/** Difference of two rates: from 96 % to 93 % is −3 points. */
export function signedPoints(share) {
  return `${(share * 100).toLocaleString(undefined, { maximumFractionDigits: 1, signDisplay: 'exceptZero' })} points`;
}

export function formatScope(scope) {
  return scope.kind === 'global' ? 'everybody' : `${scope.kind} ${scope.id}`;
}

/** The run's timeline, under its id or the end of it. */
export function runLink(runId, text = runId) {
  return element('a', [element('code', [text])], { href: `/dashboard/run?id=${runId}`, title: `Timeline of run ${runId}` });
}

export function badge(text, kind = text) {
  return element('span', [text], { className: `badge ${kind}` });
}
