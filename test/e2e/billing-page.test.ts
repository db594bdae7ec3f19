import type { Browser, Page } from 'playwright-core';
import { seriousFaults, tabTo } from '../support/accessibility.js';
import { describeInBrowser, launchBrowser } from '../support/browser.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

describeInBrowser('the billing page', () => {
  let browser: Browser;
  let lomu: TestApp;
  let page: Page;
  let runId: string;
  const faults: string[] = [];

  beforeAll(async () => {
    lomu = await startTestApp();
    ({ runId } = (await lomu.client.run('hello', { intent: 'casual' })).started);
    browser = await launchBrowser();
    page = await browser.newPage({ viewport: { width: 1200, height: 800 } });
    page.on('pageerror', (error) => faults.push(error.message));
    page.on('console', (message) => message.type() === 'error' && faults.push(message.text()));
    await page.goto(`${lomu.url}/dashboard/billing`);
    await page.getByRole('table').first().waitFor();
  }, 120_000);
  afterAll(async () => {
    await browser.close();
    await lomu.close();
    expect(faults).toEqual([]);
  });

  it('shows the balance and how much of the allowance is left', async () => {
    const { body } = await lomu.client.get('/api/billing/balance');
    await expect(page.getByRole('heading', { name: 'Balance' }).innerText()).resolves.toBe(`Balance ${body.level}`);
    const available = await page.locator('.balance div', { hasText: 'Available' }).locator('dd').innerText();
    expect(Number(available.replaceAll(',', ''))).toBeCloseTo(body.available, 3);
  });

  it('shows usage by day, model and intent, and each line of the ledger with its run', async () => {
    const [used] = (await lomu.client.get('/api/billing/usage/summary')).body.items;
    const usage = await page.getByRole('table', { name: 'Usage by day, model and intent' }).innerText();
    for (const word of [used.day, used.model, 'casual']) expect(usage).toContain(word);
    const ledger = page.getByRole('table', { name: 'Ledger, the latest entry first' });
    await expect(ledger.getByRole('row', { name: runId }).innerText()).resolves.toMatch(/usage .*-0\.\d+/s);
    await expect(ledger.getByRole('row', { name: 'Sign-up grant' }).innerText()).resolves.toMatch(/grant .*\+\d/s);
  });

  it('can be read by the keyboard alone, and has no serious accessibility fault in light and dark', async () => {
    await tabTo(page, 'Ledger, the latest entry first');
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme });
      await expect(seriousFaults(page)).resolves.toEqual([]);
    }
    if (process.env.UPDATE_SCREENSHOTS) await page.screenshot({ path: 'docs/images/billing.png' });
  });
});
