import 'reflect-metadata';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import type { Config } from '../../../src/config/index.js';
import { LIMITS } from '../../../src/limits/index.js';
import { ALERT_RULES } from '../../../src/metrics/alerts/alert-rules.js';
import { METRICS } from '../../../src/metrics/catalog/metric-catalog.js';
import { Metrics } from '../../../src/metrics/index.js';
import { catalogueTable, documentedNames, readCatalogue, replaceCatalogue } from './metrics-document.js';
import { parseExposition } from './parse-exposition.js';

const PATH = new URL('../../../docs/METRICS.md', import.meta.url);

if (process.env.UPDATE_DOCS) writeFileSync(PATH, replaceCatalogue(readFileSync(PATH, 'utf8'), catalogueTable()));
const text = readFileSync(PATH, 'utf8');

describe('the catalogue', () => {
  it('holds no metric that nobody records', () => {
    const source = readSources(new URL('../../../src/', import.meta.url));
    expect(Object.keys(METRICS).filter((name) => !source.includes(`'${name}'`))).toEqual([]);
  });
});

describe('docs/METRICS.md', () => {
  it('documents every metric of the catalogue', () => {
    const documented = new Set(documentedNames(readCatalogue(text)));
    expect(Object.keys(METRICS).filter((name) => !documented.has(name))).toEqual([]);
  });

  it('documents no metric that does not exist', () => {
    expect(documentedNames(readCatalogue(text)).filter((name) => !Object.hasOwn(METRICS, name))).toEqual([]);
  });

  it('says of each what the code says: run with UPDATE_DOCS=1 to write it anew', () => {
    expect(readCatalogue(text)).toBe(catalogueTable());
  });

  it('speaks of no metric, anywhere in its text, that a scrape would not show', async () => {
    const metrics = new Metrics({ models: { defaultModel: 'offline/planner' } } as Config);
    const { families } = parseExposition(await metrics.expose());
    const mentioned = [...text.matchAll(/\b(?:lomu|gen_ai_(?:client|execute)|http_server|process|nodejs)_\w+/g)].map(([name]) => name.replace(/_(bucket|sum|count)$/, ''));
    expect([...new Set(mentioned)].filter((name) => !families.has(name))).toEqual([]);
  });

  it('explains every built-in alert and the limit that holds its threshold', () => {
    for (const rule of ALERT_RULES) {
      expect(text).toContain(`\`${rule.id}\``);
      if (typeof rule.threshold === 'string') expect(text).toContain(`\`${rule.threshold}\` (${LIMITS[rule.threshold].default})`);
    }
    const mentioned = [...text.matchAll(/^\| `([a-z_]+)` \| (?:page|ticket) \|/gm)].map((match) => match[1]);
    expect(mentioned).toEqual(ALERT_RULES.map(({ id }) => id));
  });
});

/** All code but the catalogue itself. */
function readSources(folder: URL): string {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts') && !path.startsWith('metrics/catalog/') && !path.startsWith('database/generated/'))
    .map((path) => readFileSync(new URL(path, folder), 'utf8'))
    .join('\n');
}
