import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { configurationTable, environmentExample, markedSection } from '../../../.ci/configuration-table.mjs';
import { loadConfig, VARIABLES } from '../../../src/config/index.js';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const read = (file: string): string => readFileSync(root + file, 'utf8');

describe('documentation of the configuration', () => {
  it('.env.example is what `node .ci/configuration-table.mjs --write` makes of the variables', () => {
    expect(read('.env.example')).toBe(environmentExample(VARIABLES));
  });

  it('.env.example changes nothing when all of it is uncommented', () => {
    const lines = read('.env.example').split('\n').filter((line) => /^#[A-Z_]+=/.test(line));
    const environment = Object.fromEntries(lines.map((line) => line.slice(1).split(/=(.*)/s).slice(0, 2) as [string, string]));
    expect(Object.keys(environment).filter((name) => !name.startsWith('LIMIT_')).sort()).toEqual(Object.keys(VARIABLES).sort());
    expect({ ...loadConfig(() => [], environment), limitVariables: {} }).toEqual(loadConfig(() => [], {}));
  });

  it("README's table is the same, once there is a README", () => {
    if (!existsSync(`${root}README.md`)) return;
    expect(markedSection(read('README.md'))).toBe(configurationTable(VARIABLES));
  });
});
