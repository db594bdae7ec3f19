import type { Browser, Page } from 'playwright-core';
import { AlertWatch } from '../../src/metrics/index.js';
import { seriousFaults } from '../support/accessibility.js';
import { describeInBrowser, launchBrowser } from '../support/browser.js';
import { seedRuns } from '../integration/metrics/seed-runs.js';
import { startQuietApp } from '../support/chat/quiet-app.js';
import type { TestApp } from '../support/test-app.js';

const HOUR_MS = 3_600_000;

describeInBrowser('the overview', () => {
  let browser: Browser;
  let lomu: TestApp;
  let page: Page;
  const faults: string[] = [];

  beforeAll(async () => {
    lomu = await startQuietApp();
    await seedRuns(lomu.database.prisma, Array.from({ length: 60 }, (_, index) => seeded(index)));
    await lomu.app.get(AlertWatch).look(10);
    browser = await launchBrowser();
    page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
    page.on('pageerror', (error) => faults.push(error.message));
    page.on('console', (message) => message.type() === 'error' && faults.push(message.text()));
    await page.goto(`${lomu.url}/dashboard`);
    await page.getByRole('table', { name: 'Runs by intent' }).waitFor();
  }, 120_000);
  afterAll(async () => {
    await browser?.close();
    await lomu.close();
    expect(faults).toEqual([]);
  });

  const seeded = (index: number) => ({
    finishedAt: new Date(Date.now() - index * 0.35 * HOUR_MS - 60_000),
    userId: 'local',
    status: index % 3 === 0 ? 'failed' : 'completed',
    failurePattern: index % 3 === 0 ? 'overloaded' : null,
    intent: index % 2 === 0 ? 'fix' : 'analysis',
    durationMs: 2_000 + index * 100,
    timeToFirstTokenMs: 400 + index * 10,
    tokensPerSecond: 40,
    inputTokens: 1_000,
    outputTokens: 200,
    chargedNanoUsd: 2_000_000n,
  });
  const tile = (name: string) => page.locator('.tile', { hasText: name }).locator('.figure');

  const requests = (text: RegExp) => page.locator('.tile', { hasText: 'Requests' }).locator('.figure', { hasText: text }).waitFor();

  it('shows the figures of the window, and a run that ends within seconds', async () => {
    await requests(/^60$/);
    await expect(tile('Success').textContent()).resolves.toBe('66.7%');
    await seedRuns(lomu.database.prisma, [{ ...seeded(0), finishedAt: new Date() }]);
    await requests(/^61$/);
  });

  it('asks for nothing while nobody looks, and goes on when somebody does', async () => {
    const hide = (hidden: boolean) => page.evaluate(`Object.defineProperty(document, 'hidden', { value: ${hidden}, configurable: true }); document.dispatchEvent(new Event('visibilitychange'));`);
    const ended = page.waitForEvent('requestfailed', (request) => request.url().includes('/api/metrics/live'));
    await hide(true);
    await ended;
    const begun = page.waitForRequest((request) => request.url().includes('/api/metrics/live'));
    await hide(false);
    await begun;
  });

  it('has the values of each chart as a table', async () => {
    await page.getByText('Response time as a table').click();
    await page.getByRole('table', { name: 'Response time over time' }).getByRole('row').nth(3).waitFor();
    expect(await page.locator('.chart canvas').count()).toBe(6);
  });

  it('keeps what was chosen in the address', async () => {
    await page.getByLabel('Break down by').selectOption('pattern');
    await page.getByRole('table', { name: 'Runs by failure pattern' }).getByText('overloaded').waitFor();
    expect(new URL(page.url()).search).toBe('?by=pattern');
    await page.reload();
    await page.getByRole('table', { name: 'Runs by failure pattern' }).waitFor();
    await page.getByLabel('Window').selectOption('1');
    expect(new URL(page.url()).searchParams.get('hours')).toBe('1');
    await requests(/^\d$/);
    await page.getByLabel('Window').selectOption('24');
    for (const by of ['model', 'arm', 'tool', 'intent']) await page.getByLabel('Break down by').selectOption(by);
    await page.getByRole('table', { name: 'Runs by intent' }).waitFor();
  });

  it('lists what fires', async () => {
    await seedRuns(lomu.database.prisma, Array.from({ length: 5 }, () => ({ ...seeded(0), finishedAt: new Date() })));
    await lomu.app.get(AlertWatch).look(10);
    await page.reload();
    await page.getByRole('listitem').filter({ hasText: 'error_rate_high' }).getByText('since').waitFor();
  });

  it('has no serious accessibility fault, in light and dark', async () => {
    for (const colorScheme of ['dark', 'light'] as const) {
      await page.emulateMedia({ colorScheme });
      await page.locator('.chart canvas').first().waitFor();
      await expect(seriousFaults(page)).resolves.toEqual([]);
    }
    if (process.env.UPDATE_SCREENSHOTS) await page.screenshot({ path: 'docs/images/overview.png', fullPage: true });
  });
});
