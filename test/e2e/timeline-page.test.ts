import type { Browser, Page } from 'playwright-core';
import { ControlToken } from '../../src/auth/index.js';
import { seriousFaults, tabTo } from '../support/accessibility.js';
import { describeInBrowser, launchBrowser } from '../support/browser.js';
import { startGeminiEmulator, type GeminiEmulator, turn } from '../support/gemini-emulator/index.js';
import type { HttpClient } from '../support/http-client.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

let gemini: GeminiEmulator;
let lomu: TestApp;
let admin: HttpClient;
let alice: HttpClient;
let bob: HttpClient;
let runId: string;

beforeAll(async () => {
  gemini = await startGeminiEmulator();
  lomu = await startTestApp({ environment: { ...gemini.environment, AUTH_MODE: 'api-key', LIMIT_RETRY_FIRST_DELAY_MS: '5' } });
  admin = lomu.client.withToken(lomu.app.get(ControlToken).value);
  [alice, bob] = await Promise.all([keyFor('alice'), keyFor('bob')]);
  const { body: project } = await alice.post('/api/projects', { name: 'shop' });
  gemini.script([turn().overloaded(), turn().call('read_file', { path: 'absent.ts' }), turn().text('It is not there.')]);
  ({ runId } = (await alice.run('a secret question', { intent: 'analysis', projectId: project.id })).started);
}, 120_000);
afterAll(async () => {
  await lomu.close();
  await gemini.close();
});

async function keyFor(userId: string): Promise<HttpClient> {
  return lomu.client.withToken((await admin.post('/api/access/keys', { userId, role: 'user' })).body.key);
}

describe('GET /api/chat/runs/:runId/timeline', () => {
  it('tells what happened in the order of time, and what it cost', async () => {
    const { status, body } = await alice.get(`/api/chat/runs/${runId}/timeline`);
    expect(status).toBe(200);
    expect(body).toMatchObject({ runId, status: 'completed', hasEnded: true, finishReason: expect.any(String) });
    expect(body.entries.filter(({ pattern }: { pattern?: string }) => pattern !== 'tool_failed')).toMatchObject([
      { kind: 'failure', pattern: 'overloaded', outcome: 'recovered', iteration: 1 },
      { kind: 'model_call', iteration: 1, attempt: 2, durationMs: expect.any(Number) },
      { kind: 'tool_call', name: 'read_file', status: 'failed', errorCode: expect.any(String), iteration: 1 },
      { kind: 'model_call', iteration: 2, finishReason: 'stop' },
    ]);
    expect(body.entries).toContainEqual(expect.objectContaining({ kind: 'failure', pattern: 'tool_failed', outcome: 'recovered' }));
    const calls = body.entries.filter(({ kind }: { kind: string }) => kind === 'model_call') as { credits: number; inputTokens: number }[];
    expect(body.credits).toBeGreaterThan(0);
    expect(calls.reduce((sum, { credits }) => sum + credits, 0)).toBeCloseTo(body.credits, 9);
    expect(calls.reduce((sum, { inputTokens }) => sum + inputTokens, 0)).toBe(body.inputTokens);
  });

  it('is open to its owner and admins, holds nothing that was said, and is not there for others', async () => {
    const { status, body } = await admin.get(`/api/chat/runs/${runId}/timeline`);
    expect(status).toBe(200);
    for (const said of ['secret', 'absent.ts', 'It is not there']) expect(JSON.stringify(body)).not.toContain(said);
    expect(await bob.get(`/api/chat/runs/${runId}/timeline`)).toMatchObject({ status: 404, body: { code: 'run_not_found' } });
    expect((await lomu.client.get(`/api/chat/runs/${runId}/timeline`)).status).toBe(401);
  });
});

describeInBrowser('the timeline page', () => {
  let browser: Browser;
  let page: Page;
  const faults: string[] = [];

  beforeAll(async () => {
    browser = await launchBrowser();
    page = await browser.newPage({ viewport: { width: 1200, height: 800 } });
    await page.addInitScript((key) => (globalThis as unknown as { sessionStorage: { setItem(name: string, value: string): void } }).sessionStorage.setItem('lomu.api-key', key), lomu.app.get(ControlToken).value);
    page.on('pageerror', (error) => faults.push(error.message));
    page.on('console', (message) => message.type() === 'error' && faults.push(message.text()));
  }, 120_000);
  afterAll(async () => {
    await browser.close();
    expect(faults).toEqual([]);
  });

  it('is where the failures of the overview and of their page lead to', async () => {
    for (const path of ['/dashboard', '/dashboard/failures']) {
      await page.goto(lomu.url + path);
      await page.locator(`a[href="/dashboard/run?id=${runId}"]`).first().click();
      await page.getByRole('table', { name: 'Events of the run' }).waitFor();
    }
  });

  it('shows each event with its time, tokens and cost', async () => {
    await page.goto(`${lomu.url}/dashboard/run?id=${runId}`);
    const rows = page.getByRole('table', { name: 'Events of the run' }).locator('tbody tr');
    await rows.first().waitFor();
    expect(await rows.filter({ hasText: 'overloaded' }).innerText()).toMatch(/recovered\s+Tried again/);
    expect(await rows.filter({ hasText: 'attempt 2' }).innerText()).toMatch(/^\d+ ms\s+1\s+Model call[\s\S]*\d (ms|s)\s+[\d,]+\s+\d+\s+\d+\.\d+$/);
    expect(await rows.filter({ has: page.locator('th code', { hasText: 'read_file' }) }).innerText()).toMatch(/failed\s+\w+/);
    expect(await rows.count()).toBe(5);
  });

  it('fits a phone, where the table scrolls and not the page', async () => {
    await page.setViewportSize({ width: 400, height: 700 });
    expect(await page.evaluate<number>('document.documentElement.scrollWidth')).toBe(400);
    await page.setViewportSize({ width: 1200, height: 800 });
  });

  it('can be read by the keyboard alone, and has no serious accessibility fault in light and dark', async () => {
    await tabTo(page, 'Events of the run, the earliest first');
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme });
      await expect(seriousFaults(page)).resolves.toEqual([]);
    }
    if (process.env.UPDATE_SCREENSHOTS) await page.screenshot({ path: 'docs/images/timeline.png' });
  });
});
