import { compareDiagnostics } from '../../../src/tools/diagnostics/diagnostics-delta.js';
import { parseDiagnostics } from '../../../src/tools/execution/type-diagnostics.js';
import { detectTestCommand } from '../../../src/tools/execution/test-runners/detect-test-command.js';
import { summarizeTests } from '../../../src/tools/execution/test-runners/test-summary.js';

describe('summarizeTests', () => {
  it.each([
    ['jest', 'PASS a\nTests:       1 failed, 2 skipped, 12 passed, 15 total\nTime: 1 s', 12, 1],
    ['jest', 'Tests:       3 passed, 3 total', 3, 0],
    ['vitest', ' Test Files  1 failed (1)\n      Tests  1 failed | 2 passed (3)\n', 2, 1],
    ['vitest', '\u001b[2m      Tests \u001b[22m \u001b[1m\u001b[32m4 passed\u001b[39m\u001b[22m\u001b[90m (4)\u001b[39m', 4, 0],
    ['node --test', '# tests 3\n# suites 0\n# pass 2\n# fail 1\n# cancelled 0', 2, 1],
    ['node --test', 'ℹ tests 2\nℹ pass 2\nℹ fail 0\n', 2, 0],
    ['pytest', '1 failed, 5 passed, 1 warning in 0.12s', 5, 1],
    ['pytest', '========= 3 passed, 2 errors in 1.02s =========', 3, 2],
    ['mocha', '\n  7 passing (12ms)\n  1 pending\n  2 failing\n', 7, 2],
    ['cargo test', 'test result: FAILED. 2 passed; 1 failed; 0 ignored; 0 measured', 2, 1],
  ])('%s: %j', (runner, output, passed, failed) => {
    expect(summarizeTests(output)).toEqual({ runner, passed, failed });
  });

  it('takes the last summary, and none for what it does not know', () => {
    expect(summarizeTests('Tests: 1 failed, 1 total\nTests: 2 passed, 2 total')).toMatchObject({ passed: 2, failed: 0 });
    expect(summarizeTests('all good')).toBeNull();
  });
});

describe('detectTestCommand', () => {
  const detect = (files: Record<string, string>, filter: string[] = []): Promise<string[] | null> => detectTestCommand(async (name) => files[name] ?? null, filter);
  const manifest = (content: object): Record<string, string> => ({ 'package.json': JSON.stringify(content) });

  it.each([
    [manifest({ scripts: { test: 'jest' } }), ['npm', 'test', '--silent', '--', 'a']],
    [manifest({ scripts: { test: 'echo "Error: no test specified" && exit 1' }, devDependencies: { vitest: '1' } }), ['node_modules/.bin/vitest', 'run', 'a']],
    [manifest({ devDependencies: { jest: '1' } }), ['node_modules/.bin/jest', '--ci', 'a']],
    [manifest({ dependencies: { mocha: '1' } }), ['node_modules/.bin/mocha', 'a']],
    [manifest({}), ['node', '--test', 'a']],
    [{ 'package.json': 'not json' }, ['node', '--test', 'a']],
    [{ 'pyproject.toml': '' }, ['python3', '-m', 'pytest', '-q', 'a']],
    [{ 'Cargo.toml': '' }, ['cargo', 'test', '--offline', 'a']],
    [{ 'go.mod': '' }, ['go', 'test', 'a']],
    [{}, null],
  ])('%j: %j', async (files, command) => {
    expect(await detect(files, ['a'])).toEqual(command);
  });

  it('tests everything without a filter', async () => {
    expect(await detect(manifest({ scripts: { test: 'jest' } }))).toEqual(['npm', 'test', '--silent']);
    expect(await detect({ 'go.mod': '' })).toEqual(['go', 'test', './...']);
  });
});

describe('type diagnostics', () => {
  it('joins what belongs to one error, and knows errors of the project', () => {
    const output = "a.ts(1,2): error TS2322: Type 'x'.\n  Type 'y'.\n    Type 'z'.\nerror TS18003: No inputs.\nFound 2 errors.";
    expect(parseDiagnostics(output).map(({ text }) => text)).toEqual(["a.ts(1,2): error TS2322: Type 'x'.\n  Type 'y'.\n    Type 'z'.", 'error TS18003: No inputs.']);
  });

  it('counts equal errors one by one', () => {
    const errors = (lines: number[]) => parseDiagnostics(lines.map((line) => `a.ts(${line},1): error TS1: same`).join('\n'));
    const { added, remaining, fixed } = compareDiagnostics(errors([1, 2, 3]), errors([7]));
    expect([added.length, remaining.length, fixed.length]).toEqual([0, 1, 2]);
    expect(compareDiagnostics(errors([1]), errors([1, 2])).added).toHaveLength(1);
  });
});
