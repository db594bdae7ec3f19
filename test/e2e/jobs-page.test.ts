import type { Browser, Page } from 'playwright-core';
import { seriousFaults } from '../support/accessibility.js';
import { describeInBrowser, launchBrowser } from '../support/browser.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

describeInBrowser('the jobs page', () => {
  let browser: Browser;
  let lomu: TestApp;
  let page: Page;
  const faults: string[] = [];

  beforeAll(async () => {
    lomu = await startTestApp();
    browser = await launchBrowser();
    page = await browser.newPage({ viewport: { width: 1200, height: 800 } });
    page.on('pageerror', (error) => faults.push(error.message));
    page.on('console', (message) => message.type() === 'error' && faults.push(message.text()));
    await page.goto(`${lomu.url}/dashboard/jobs`);
    await page.getByRole('table').waitFor();
  }, 120_000);
  afterAll(async () => {
    await browser.close();
    await lomu.close();
    expect(faults).toEqual([]);
  });

  it('is reached from every page, and says where one is', async () => {
    const pages = page.getByRole('navigation', { name: 'Pages' });
    await expect(pages.locator('[aria-current=page]').textContent()).resolves.toBe('Jobs');
    for (const path of ['/', '/dashboard/limits']) await expect(fetch(lomu.url + path).then((answer) => answer.text())).resolves.toContain('<a href="/dashboard/jobs">Jobs</a>');
  });

  it('runs a job now and shows how it went, the focus staying on its button', async () => {
    await page.getByRole('button', { name: 'Run now: expired-holds' }).focus();
    await page.keyboard.press('Enter');
    await page.locator('#announcement', { hasText: /^expired-holds: completed/ }).waitFor({ state: 'attached' });
    const row = page.getByRole('row', { name: /expired-holds/ });
    await row.getByText('completed').waitFor();
    await page.locator('button:focus[aria-label="Run now: expired-holds"]').waitFor();
  });

  it('has no serious accessibility fault, in light and dark', async () => {
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme });
      await expect(seriousFaults(page)).resolves.toEqual([]);
    }
    if (process.env.UPDATE_SCREENSHOTS) await page.screenshot({ path: 'docs/images/jobs.png' });
  });
});
