import { fileURLToPath } from 'node:url';
import { LIMITS } from '../../../src/limits/index.js';
import { ALLOWED_BOUNDS } from './allowed-bounds.js';
import { findBounds, findTexts, parseSource, readSources } from './find-bounds.js';

const sources = readSources(fileURLToPath(new URL('../../..', import.meta.url)));
const allowed = new Set(ALLOWED_BOUNDS.flatMap(({ bounds }) => bounds));
const found = sources.flatMap(({ file, source }) => findBounds(source, file));

describe('I8: every bound is a limit with a name', () => {
  it('no number in the source bounds anything, but for those with a reason', () => {
    const strays = found.filter(({ file, name }) => !allowed.has(`${file} ${name}`));
    // Make each a key of src/limits/limit-registry.ts, or give the reason in allowed-bounds.ts.
    expect(strays.map(({ file, line, name, value }) => `${file}:${line} ${name} = ${value}`)).toEqual([]);
  });

  it('no reason is given for what is gone', () => {
    const present = new Set(found.map(({ file, name }) => `${file} ${name}`));
    expect([...allowed].filter((bound) => !present.has(bound))).toEqual([]);
  });

  it('every limit is read somewhere', () => {
    const texts = sources.filter(({ file }) => !/limits\/(limit-registry|emergency-profile)\.ts$/.test(file)).map(({ source }) => findTexts(source));
    const isRead = (key: string): boolean => texts.some(({ whole, beginnings }) => whole.has(key) || [...beginnings].some((beginning) => beginning.endsWith('.') && key.startsWith(beginning)));
    expect(Object.keys(LIMITS).filter((key) => !isRead(key))).toEqual([]);
  });
});

describe('findBounds', () => {
  const boundsIn = (text: string): string[] => findBounds(parseSource(text, 'sample.ts'), 'sample.ts').map(({ name }) => name);

  it.each([
    ['const MAX_ITEMS = 50;', 'MAX_ITEMS'],
    ['const RETRY_DELAY_MS = 5 * SECOND;', 'RETRY_DELAY_MS'],
    ['const pageSize = 20;', 'pageSize'],
    ['class Cache { private readonly maxEntries = 1_000; }', 'maxEntries'],
    ['function wait(timeoutMs = 3_000) {}', 'timeoutMs'],
    ['new Pool({ connectionTimeoutMillis: 5_000 });', 'connectionTimeoutMillis'],
    ['prisma.run.findMany({ take: 100 });', 'take'],
    ['setTimeout(done, 1_000);', 'setTimeout()'],
    ['clock.schedule(done, 60 * 1000);', 'schedule()'],
    ['AbortSignal.timeout(30_000);', 'timeout()'],
    ['text.slice(0, 200);', 'slice()'],
  ])('finds %s', (text, name) => {
    expect(boundsIn(text)).toEqual([name]);
  });

  it.each([
    'const HOUR_MS = 3_600_000;',
    'const maxItems = limits.value("x");',
    'const timeoutMs = limits.value("x") + 100;',
    'const attempts = 0;',
    'text.slice(2, 5);',
    'date.toISOString().slice(0, 10);',
    'rows.slice(0, limit);',
    'findMany({ take: limit + 1 });',
    'const answer = 42;',
  ])('leaves %s alone', (text) => {
    expect(boundsIn(text)).toEqual([]);
  });
});
