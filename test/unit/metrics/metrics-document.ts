import type { LabelDomain } from '../../../src/metrics/catalog/label-domain.js';
import { METRICS } from '../../../src/metrics/catalog/metric-catalog.js';
import type { MetricDefinition } from '../../../src/metrics/catalog/metric-definition.js';

const BEGIN = '<!-- catalogue: made from src/metrics/catalog by UPDATE_DOCS=1 npm test -- test/unit/metrics/metrics-document -->';
const END = '<!-- end of catalogue -->';

/** The table of docs/METRICS.md. */
export function catalogueTable(): string {
  const rows = Object.entries<MetricDefinition>(METRICS).map(([name, { type, labels, unit, help, watch }]) =>
    row([`\`${name}\``, type, describeLabels(labels), unit, help, watch]),
  );
  return [row(['Name', 'Type', 'Labels', 'Unit', 'Meaning', 'When to look at it']), row(['---', '---', '---', '---', '---', '---']), ...rows].join('\n');
}

/** @throws Error when the document lacks the marks between which the table stands */
export function readCatalogue(document: string): string {
  const { before, after } = split(document);
  return document.slice(before.length, document.length - after.length).trim();
}

export function replaceCatalogue(document: string, table: string): string {
  const { before, after } = split(document);
  return `${before}\n\n${table}\n\n${after}`;
}

/** Metric names that stand in the first column of the table. */
export function documentedNames(table: string): string[] {
  return [...table.matchAll(/^\| `(\w+)` \|/gm)].map((match) => match[1] ?? '');
}

function split(document: string): { before: string; after: string } {
  const begin = document.indexOf(BEGIN);
  const end = document.indexOf(END);
  if (begin < 0 || end < begin) throw new Error(`docs/METRICS.md has lost its marks: ${BEGIN} and ${END}`);
  return { before: document.slice(0, begin + BEGIN.length), after: document.slice(end) };
}

function describeLabels(labels: Readonly<Record<string, LabelDomain>>): string {
  return Object.keys(labels).map((label) => `\`${label}\``).join(', ') || '–';
}

function row(cells: readonly string[]): string {
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
}
