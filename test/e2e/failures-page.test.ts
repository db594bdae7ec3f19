import type { Browser, Page } from 'playwright-core';
import { seriousFaults } from '../support/accessibility.js';
import { describeInBrowser, launchBrowser } from '../support/browser.js';
import { startGeminiEmulator, type GeminiEmulator, turn } from '../support/gemini-emulator/index.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

describeInBrowser('the failures page', () => {
  let browser: Browser;
  let gemini: GeminiEmulator;
  let lomu: TestApp;
  let page: Page;
  const faults: string[] = [];

  beforeAll(async () => {
    gemini = await startGeminiEmulator();
    lomu = await startTestApp({ environment: { ...gemini.environment, LIMIT_RETRY_FIRST_DELAY_MS: '5' } });
    browser = await launchBrowser();
    page = await browser.newPage({ viewport: { width: 1200, height: 900 } });
    page.on('pageerror', (error) => faults.push(error.message));
    page.on('console', (message) => message.type() === 'error' && faults.push(message.text()));
  }, 120_000);
  afterAll(async () => {
    await browser.close();
    await lomu.close();
    await gemini.close();
    expect(faults).toEqual([]);
  });

  const open = async (query = ''): Promise<void> => {
    await page.goto(`${lomu.url}/dashboard/failures${query}`);
    await page.locator('#view h2').first().waitFor();
  };
  const rowsOf = (name: string) => page.getByRole('table', { name }).locator('tbody tr');

  it('says so when nothing went wrong', async () => {
    await open();
    await page.getByRole('heading', { name: 'Nothing went wrong in 7 days' }).waitFor();
    await page.getByText('There are none.').waitFor();
  });

  it('shows patterns with their recovery, and incidents with what was done and how it went', async () => {
    gemini.script([turn().text('Ye').cut(), turn().text('Yes.'), turn().overloaded(), turn().text('Yes.'), turn().httpError(403, 'PERMISSION_DENIED', 'No.')]);
    for (const message of ['one', 'two', 'three']) await lomu.client.run(message, { intent: 'analysis' });
    await open('?window=24h');
    expect(await rowsOf('Failure patterns').count()).toBe(3);
    expect(await rowsOf('Failure patterns').filter({ hasText: 'Broken stream' }).innerText()).toMatch(/1\s+1\s+0\s+100 %/);
    expect(await rowsOf('Failure patterns').filter({ hasText: 'Access to the model refused' }).innerText()).toMatch(/1\s+0\s+1\s+0 %/);
    await page.getByRole('img', { name: /^Broken stream: .*1 of 1 recovered/ }).waitFor();
    const refused = rowsOf('Latest incidents').filter({ hasText: 'Access to the model refused' });
    expect(await refused.innerText()).toMatch(/Ended: Check the API key[\s\S]*failed/);
  });

  it('narrows the incidents by pattern and outcome', async () => {
    await open('?window=24h');
    await page.getByLabel('Outcome').selectOption('failed');
    await page.waitForURL(/outcome=failed/);
    await page.locator('#view h2').first().waitFor();
    expect(await rowsOf('Latest incidents').count()).toBe(1);
    await page.getByLabel('Outcome').selectOption('');
    await page.waitForURL((url) => !url.search.includes('outcome'));
    await page.getByRole('link', { name: 'Model overloaded' }).click();
    await page.waitForURL(/pattern=overloaded/);
    await page.locator('#view h2').first().waitFor();
    expect(await rowsOf('Latest incidents').count()).toBe(1);
  });

  it('has no serious accessibility fault, in light and dark', async () => {
    await open('?window=24h');
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme });
      await expect(seriousFaults(page)).resolves.toEqual([]);
    }
    if (process.env.UPDATE_SCREENSHOTS) await page.screenshot({ path: 'docs/images/failures.png' });
  });
});
