import type { Browser, Page } from 'playwright-core';
import { cleanPage, describeInBrowser, launchBrowser } from '../support/browser.js';
import { type GeminiEmulator, startGeminiEmulator, turn } from '../support/gemini-emulator/index.js';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { createTestWorkspace, TODO_PROJECT, type TestWorkspace } from '../support/test-workspace.js';

const VIEWPORT = { width: 1100, height: 720 };

describeInBrowser('the chat page', () => {
  let browser: Browser;
  let gemini: GeminiEmulator;
  let workspace: TestWorkspace;
  let lomu: TestApp;
  let page: Page;
  const faults: string[] = [];

  beforeAll(async () => {
    gemini = await startGeminiEmulator();
    workspace = await createTestWorkspace(TODO_PROJECT);
    lomu = await startTestApp({ workspace, environment: gemini.environment });
    browser = await launchBrowser();
    page = await browser.newPage({ viewport: VIEWPORT });
    page.on('pageerror', (error) => faults.push(error.message));
    page.on('console', (message) => message.type() === 'error' && faults.push(message.text()));
  }, 60_000);
  afterAll(async () => {
    await browser.close();
    await lomu.close();
    await gemini.close();
    await workspace.remove();
  });
  beforeEach(async () => {
    gemini.reset();
    faults.length = 0;
    await page.goto(lomu.url);
  });
  afterEach(async () => {
    await cleanPage(page);
    expect(faults).toEqual([]);
  });

  const ask = async (message: string): Promise<void> => {
    await page.getByLabel('Message', { exact: true }).fill(message);
    await page.keyboard.press('Enter');
  };

  it('shows the question, the tool calls, the answer and its cost, with the keyboard alone', async () => {
    gemini.script([turn().text('Let me look.').call('search_text', { query: 'TODO' }), turn().text('Most are in **src/api.ts**: three.', '\n\n```ts\nconst three = 3;\n```')]);
    await ask('Which file has the most TODOs?');
    await page.locator('.cost', { hasText: 'left' }).waitFor();
    await expect(page.locator('article.user').innerText()).resolves.toBe('Which file has the most TODOs?');
    await expect(page.locator('.answer').innerText()).resolves.toContain('Most are in src/api.ts: three.');
    await expect(page.locator('.answer strong').innerText()).resolves.toBe('src/api.ts');
    await expect(page.locator('.answer pre').innerText()).resolves.toContain('const three');
    await expect(page.locator('details.tool.succeeded summary').innerText()).resolves.toContain('search_text');
    await expect(page.locator('#balance').innerText()).resolves.toMatch(/^[\d.,]+ credits$/);
    await expect(page.locator('#conversations a').first().innerText()).resolves.toBe('Which file has the most TODOs?');
  });

  it('goes on showing a run after a reload in the middle of it', async () => {
    gemini.script([turn().text('one ', 'two ').pause(1_500).text('three ', 'four')]);
    await ask('Count to four');
    await page.locator('.answer', { hasText: 'two' }).waitFor();
    await page.reload();
    await page.locator('.answer', { hasText: 'one two' }).waitFor();
    await page.locator('.cost', { hasText: 'left' }).waitFor();
    await expect(page.locator('.answer').innerText()).resolves.toBe('one two three four');
    expect(await page.locator('article').count()).toBe(2);
    expect(gemini.requests).toHaveLength(1);
  });

  it('shows after a reload how answers came about and what they cost, also of one that failed', async () => {
    gemini.script([turn().text('Let me look. ').call('search_text', { query: 'TODO' }), turn().text('Three.')]);
    await ask('How many TODOs are there?');
    await page.locator('.cost', { hasText: 'left' }).waitFor();
    gemini.respondWith(() => turn().httpError(403, 'PERMISSION_DENIED', 'The key may not do this.'));
    await ask('And now?');
    await page.locator('.notice.error').waitFor();
    const shown = () => page.locator('#log').innerText();
    const before = await shown();
    await page.reload();
    await page.locator('.notice.error').waitFor();
    await page.locator('details.tool.succeeded').waitFor();
    expect(await shown()).toBe(before);
  });

  it('still shows the words of an answer whose run is no longer kept', async () => {
    gemini.script([turn().text('Words that stay.')]);
    await ask('Say something');
    await page.locator('.cost', { hasText: 'left' }).waitFor();
    await lomu.database.prisma.message.updateMany({ data: { runId: null } }); // as the retention of runs does
    await page.reload();
    await page.locator('.answer', { hasText: 'Words that stay.' }).waitFor();
    expect(await page.locator('article').count()).toBe(2);
  });

  it('lets one go to other conversations on a phone', async () => {
    gemini.script([turn().text('First.'), turn().text('Second.')]);
    await page.setViewportSize({ width: 390, height: 720 });
    try {
      await ask('The first of two');
      await page.locator('.cost', { hasText: 'left' }).waitFor();
      await page.getByRole('button', { name: 'New' }).click();
      await ask('The second of two');
      await page.locator('.answer', { hasText: 'Second.' }).waitFor();
      await page.getByRole('link', { name: 'The first of two' }).click();
      await page.locator('.answer', { hasText: 'First.' }).waitFor();
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(390);
    } finally {
      await page.setViewportSize(VIEWPORT);
    }
  });

  it('stops a run with Escape and keeps what was said', async () => {
    gemini.script([turn().text('This goes on ').stall()]);
    await ask('Tell me a long story');
    await page.locator('.answer', { hasText: 'This goes on' }).waitFor();
    await page.keyboard.press('Escape');
    await page.locator('.notice', { hasText: 'You stopped this answer.' }).waitFor();
    await expect(page.locator('.answer').innerText()).resolves.toContain('This goes on');
    expect(await gemini.lastRequest.ended).toBe('client_closed');
    expect(await page.locator('#send').isEnabled()).toBe(true);
  });

  it('never runs what an answer contains', async () => {
    gemini.script([turn().text('<img src=x onerror="document.title=1"> <script>document.title=2</script>')]);
    await ask('Say something in HTML');
    await page.locator('.cost', { hasText: 'left' }).waitFor();
    await expect(page.locator('.answer').innerText()).resolves.toContain('<script>');
    expect(await page.title()).toBe('Lomu');
  });

  it('says why when a message is refused', async () => {
    await lomu.client.put('/api/limits/chat.refuseNewRuns', { value: true, reason: 'test' });
    try {
      await ask('Hello?');
      await page.locator('.notice.error', { hasText: 'New runs are refused for now' }).waitFor();
      expect(await page.getByLabel('Message', { exact: true }).inputValue()).toBe('Hello?');
    } finally {
      await lomu.client.delete('/api/limits/chat.refuseNewRuns');
    }
    faults.length = 0; // the browser reports the 503 itself
  });
});
