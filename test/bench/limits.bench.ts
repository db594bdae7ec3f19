import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

describe('reading limits', () => {
  it('costs no I/O', () => {
    const loader = new URL('../support/typescript-process.mjs', import.meta.url).href;
    const output = execFileSync(process.execPath, ['--no-warnings', '--import', loader, fileURLToPath(new URL('./limits-reads.ts', import.meta.url))], { encoding: 'utf8' });
    console.log(output);
    expect(output).toMatch(/million\/s/);
  }, 300_000);
});
