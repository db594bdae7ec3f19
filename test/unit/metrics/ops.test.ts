import 'reflect-metadata';
import { readFileSync } from 'node:fs';
import type { Config } from '../../../src/config/index.js';
import { METRICS } from '../../../src/metrics/catalog/metric-catalog.js';
import { Metrics } from '../../../src/metrics/index.js';
import { parseExposition } from './parse-exposition.js';

const read = (path: string): string => readFileSync(new URL(`../../../${path}`, import.meta.url), 'utf8');
const serviceLevels = read('ops/prometheus/rules/service-levels.yml');
const alerts = read('ops/prometheus/rules/alerts.yml');
const alertNames = [...new Set([...alerts.matchAll(/alert: (\w+)/g)].map(([, name]) => name as string))];

/** What a panel or a variable asks for. */
interface Asking {
  readonly expr?: string;
  readonly query?: string;
}
const dashboard = JSON.parse(read('ops/grafana/lomu.json')) as { panels: { title: string; targets?: Asking[] }[]; templating: { list: { query: Asking | string }[] } };
const panels = dashboard.panels.flatMap(({ title, targets = [] }) => targets.map(({ expr = '' }) => ({ title, expr })));

/** Labels that Prometheus adds to what it scrapes. */
const ADDED_LABELS = ['job', 'instance', 'le'];
/** Not ours: Prometheus makes it of each scrape. */
const ADDED_METRICS = ['up'];
const HISTOGRAM_PARTS = /_(bucket|sum|count)$/;

describe.each([
  ['the recording rules', serviceLevels],
  ['the alerts', alerts],
  ['the Grafana dashboard', panels.map(({ expr }) => expr).join('\n')],
])('%s', (_, text) => {
  it('ask for nothing that a scrape would not show', async () => {
    const { families } = parseExposition(await new Metrics({ models: { defaultModel: 'offline/planner' } } as Config).expose());
    const asked = metricsIn(text);
    expect(asked.length).toBeGreaterThan(1);
    const recorded = [...serviceLevels.matchAll(/record: (\S+)/g)].map(([, name]) => name);
    expect(asked.filter((name) => !families.has(name) && !families.has(name.replace(HISTOGRAM_PARTS, '')) && !recorded.includes(name) && !ADDED_METRICS.includes(name))).toEqual([]);
  });

  it('select by labels that the metric has', () => {
    for (const [, name = '', selector = ''] of text.matchAll(/\b([a-z_]+)\{([^}]*)\}/g)) {
      const definition = METRICS[name.replace(HISTOGRAM_PARTS, '') as keyof typeof METRICS];
      const known = [...ADDED_LABELS, ...Object.keys(definition?.labels ?? {})];
      for (const [, label] of selector.matchAll(/(\w+)\s*(?:=~|!~|!=|=)/g)) expect([name, known]).toEqual([name, expect.arrayContaining([label])]);
    }
  });
});

describe('every metric of ours', () => {
  it('is on the Grafana dashboard, or says of other things', () => {
    const shown = panels.map(({ expr }) => expr).join('\n');
    const unseen = Object.keys(METRICS).filter((name) => !shown.includes(name));
    expect(unseen.sort()).toEqual(['lomu_build_info', 'lomu_job_duration_seconds', 'lomu_job_has_more', 'lomu_job_interval_seconds', 'lomu_job_rows_total', 'lomu_job_runs_total', 'lomu_run_tool_calls', 'lomu_stream_resumes_total']);
  });
});

describe('each alert', () => {
  const runbook = read('docs/RUNBOOK.md');
  const cases = read('ops/prometheus/tests/alerts.test.yml');

  it.each(alertNames)('%s has a section in the runbook, where it points to', (name) => {
    expect(runbook).toContain(`\n## ${name}\n`);
    expect(alerts).toContain(`runbook_url: docs/RUNBOOK.md#${name.toLowerCase()}\n`);
  });

  it.each(alertNames)('%s has a case in which it fires and one in which it is silent', (name) => {
    const expectations = [...cases.matchAll(/alertname: (\w+)\n\s+exp_alerts:( \[\])?/g)].filter(([, alert]) => alert === name).map(([, , silent]) => silent === undefined);
    expect(expectations).toEqual(expect.arrayContaining([true]));
    if (name !== 'LomuAbsent' || expectations.includes(false)) expect(expectations).toEqual(expect.arrayContaining([false]));
  });

  it('of the runbook exists', () => {
    expect([...runbook.matchAll(/^## (\w+)$/gm)].map(([, name]) => name)).toEqual(alertNames);
  });
});

/** The metrics that expressions name, without functions, labels and keywords. */
function metricsIn(text: string): string[] {
  const expressions = text.replaceAll(/"[^"]*"/g, '""').replaceAll(/\bby \([^)]*\)|runbook_url: .*/g, '');
  const names = expressions.matchAll(/\b(?:lomu[_:]|gen_ai_|http_server_|nodejs_|process_)[\w:]*\b(?=[{[)\s]|$)|\bup(?=\{)/gm);
  return [...new Set([...names].map(([name]) => name))];
}
