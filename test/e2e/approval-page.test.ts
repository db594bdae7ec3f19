import type { Browser, Page } from 'playwright-core';
import { seriousFaults, tabTo } from '../support/accessibility.js';
import { cleanPage, describeInBrowser, launchBrowser } from '../support/browser.js';
import { type GeminiEmulator, startGeminiEmulator, turn } from '../support/gemini-emulator/index.js';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { createTestWorkspace, type TestWorkspace } from '../support/test-workspace.js';

describeInBrowser('the chat page, when a tool call asks', () => {
  let browser: Browser;
  let gemini: GeminiEmulator;
  let workspace: TestWorkspace;
  let lomu: TestApp;
  let page: Page;

  beforeAll(async () => {
    gemini = await startGeminiEmulator();
    workspace = await createTestWorkspace({});
    lomu = await startTestApp({ workspace, environment: gemini.environment });
    gemini.script([turn().text('hello')]);
    await lomu.client.run('hello');
    const [project] = (await lomu.client.get('/api/projects')).body.items;
    await lomu.client.put(`/api/projects/${project.id}/tool-policy`, { rules: [{ tool: 'write_file', decision: 'ask' }] });
    browser = await launchBrowser();
    page = await browser.newPage({ viewport: { width: 1100, height: 720 } });
  }, 60_000);
  afterAll(async () => {
    await browser.close();
    await lomu.close();
    await gemini.close();
    await workspace.remove();
  });
  beforeEach(async () => {
    gemini.reset();
    gemini.script([turn().call('write_file', { path: 'a.txt', content: 'text' }), turn().text('That is that.')]);
    await page.goto(lomu.url);
    await page.getByLabel('Message', { exact: true }).fill('write it');
    await page.keyboard.press('Enter');
    await page.getByRole('group', { name: 'Approval of write_file' }).waitFor();
  });
  afterEach(() => cleanPage(page));

  it('shows the call with its input, is usable with the keyboard alone and by everybody, and goes on after a yes', async () => {
    await expect(page.locator('#status').innerText()).resolves.toBe('waiting for you');
    await expect(page.locator('details.tool.waiting pre').innerText()).resolves.toContain('a.txt');
    await expect(page.locator('.approval').innerText()).resolves.toMatch(/May write_file run\? Until .+, then the answer is no\./);
    expect(await seriousFaults(page)).toEqual([]);
    await page.getByLabel('Message', { exact: true }).blur();
    await tabTo(page, 'Allow');
    await page.keyboard.press('Enter');
    await page.locator('.answer', { hasText: 'That is that.' }).waitFor();
    await page.locator('details.tool.succeeded', { hasText: 'write_file' }).waitFor();
    expect(await page.locator('.approval').count()).toBe(0);
    expect(await workspace.read('a.txt')).toBe('text');
  });

  it('takes a no', async () => {
    await page.getByRole('button', { name: 'Refuse' }).click();
    await page.locator('details.tool.failed', { hasText: 'denied' }).waitFor({ state: 'attached' });
    await page.locator('.answer', { hasText: 'That is that.' }).waitFor();
    expect(await page.locator('.approval').count()).toBe(0);
  });

  it('still asks after a reload, and no longer once the run was stopped', async () => {
    await page.reload();
    await page.getByRole('group', { name: 'Approval of write_file' }).waitFor();
    await page.keyboard.press('Escape');
    await page.locator('.notice', { hasText: 'You stopped this answer.' }).waitFor();
    expect(await page.locator('.approval').count()).toBe(0);
  });
});
