import { readFile } from 'node:fs/promises';
import type { AxeResults, RunOptions } from 'axe-core';
import type { Page } from 'playwright-core';

const AXE = readFile(new URL('../../node_modules/axe-core/axe.min.js', import.meta.url), 'utf8');

/** What axe finds serious or critical on a page, each with the first element at fault. */
export async function seriousFaults(page: Page, rules: Partial<RunOptions> = {}): Promise<string[]> {
  await page.evaluate(await AXE); // past the page's Content-Security-Policy, which lets no inline script in
  const options = { resultTypes: ['violations' as const], ...rules };
  const { violations } = await page.evaluate((given) => (globalThis as unknown as { axe: { run(options: RunOptions): Promise<AxeResults> } }).axe.run(given), options);
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, help, nodes }) => `${id}: ${help}: ${nodes[0]?.html ?? ''} (${nodes[0]?.failureSummary ?? ''})`);
}

/** The accessible name, as far as labels and texts give it, of what has the focus. */
export function focusedName(page: Page): Promise<string | null> {
  return page.evaluate<string | null>(`(() => {
    const node = document.activeElement;
    return node?.getAttribute('aria-label') ?? node?.labels?.[0]?.textContent ?? node?.textContent ?? null;
  })()`);
}

/** Presses Tab until something of that name has the focus. */
export async function tabTo(page: Page, name: string): Promise<void> {
  for (let presses = 0; presses < 40; presses++) {
    if ((await focusedName(page)) === name) return;
    await page.keyboard.press('Tab');
  }
  throw new Error(`Tab never gets to ${name}.`);
}
