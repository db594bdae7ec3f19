import { randomUUID } from 'node:crypto';
import type { Browser, Page } from 'playwright-core';
import { focusedName, seriousFaults, tabTo } from '../support/accessibility.js';
import { cleanPage, describeInBrowser, launchBrowser } from '../support/browser.js';
import { seedExperimentRuns } from '../support/experiment-runs.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

const KEY = 'iteration.maxByIntent.fix';
const ARM_KEY = 'tool.maxPerIteration';

describeInBrowser('the limits page', () => {
  let browser: Browser;
  let lomu: TestApp;
  let page: Page;
  const faults: string[] = [];

  beforeAll(async () => {
    lomu = await startTestApp();
    browser = await launchBrowser();
    page = await browser.newPage({ viewport: { width: 1200, height: 800 } });
    page.on('pageerror', (error) => faults.push(error.message));
    page.on('console', (message) => message.type() === 'error' && !isRefusal(message.text()) && faults.push(message.text()));
  }, 120_000);
  afterAll(async () => {
    await browser.close();
    await lomu.close();
  });
  beforeEach(async () => {
    faults.length = 0;
  });
  afterEach(async () => {
    await cleanPage(page);
    await reset();
    expect(faults).toEqual([]);
  });

  /** The browser reports each refused call by itself; the page has to say it in words, which the tests look at. */
  const isRefusal = (text: string): boolean => /status of (401|403|409|422)/.test(text);

  const open = async (query = ''): Promise<void> => {
    await page.goto(`${lomu.url}/dashboard/limits${query}`);
    await page.locator('#view h2').first().waitFor({ state: 'attached' });
  };
  const limit = async (key = KEY, query = '') => {
    const { body } = await lomu.client.get(`/api/limits/effective${query}`);
    return body.items.find((item: { key: string }) => item.key === key);
  };
  const edit = async (key = KEY): Promise<void> => {
    await page.getByRole('button', { name: `Edit ${key}`, exact: true }).click();
  };
  const save = async (value: string, reason: string): Promise<void> => {
    await page.getByLabel('New value').fill(value);
    await page.getByLabel('Reason', { exact: true }).fill(reason);
    await page.keyboard.press('Enter');
  };
  const rowOf = (key: string) => page.locator('table.limits tr', { has: page.locator('th code').getByText(key, { exact: true }) });
  const dialog = () => page.getByRole('dialog');

  async function reset(): Promise<void> {
    await lomu.client.delete('/api/limits/emergency');
    const { body } = await lomu.client.get('/api/limits/overrides');
    for (const { key, scope } of body.items) await lomu.client.delete(`/api/limits/${key}?scope=${scope.kind === 'global' ? 'global' : `${scope.kind}:${scope.id}`}`);
  }

  it('changes a limit for everybody, which holds at once', async () => {
    await open('?q=maxByIntent.fix');
    await edit();
    await save('7', 'fewer tries');
    await page.locator('tr.editor').waitFor({ state: 'detached' });
    await expect(limit()).resolves.toMatchObject({ value: 7, source: 'override' });
    await expect(rowOf(KEY).innerText()).resolves.toMatch(/7\s+override\s+10/);
    await expect(page.locator('#announcement').textContent()).resolves.toBe(`${KEY} is 7 for everybody now.`);
  });

  it('changes a limit for one user until a time, and removes that override again', async () => {
    await open('?q=maxByIntent.fix');
    await edit();
    await page.getByLabel('For', { exact: true }).selectOption('user');
    await page.getByLabel('User id').fill('alice');
    await page.getByLabel('Until (optional)').fill('2099-01-02T03:04');
    await save('20', 'a large project');
    await page.getByText('+ 1 for some').waitFor();
    await expect(limit(KEY, '?userId=alice')).resolves.toMatchObject({ value: 20 });
    await expect(limit(KEY, '?userId=bob')).resolves.toMatchObject({ value: 10 });
    const [override] = (await lomu.client.get('/api/limits/overrides')).body.items;
    expect(override).toMatchObject({ scope: { kind: 'user', id: 'alice' }, reason: 'a large project', expiresAt: new Date('2099-01-02T03:04').toISOString() });

    await edit();
    await page.getByRole('button', { name: 'Remove the override for user alice' }).click();
    await dialog().getByRole('button', { name: 'Remove' }).click();
    await page.getByText('+ 1 for some').waitFor({ state: 'detached' });
    await expect(limit(KEY, '?userId=alice')).resolves.toMatchObject({ value: 10 });
  });

  it('says what others changed in between, keeps what was typed, and lets one try again', async () => {
    await open('?q=maxByIntent.fix');
    await edit();
    await lomu.client.put('/api/limits/retry.maxPerRun', { value: 2, reason: 'an outage' });
    await save('7', 'fewer tries');
    const problem = page.locator('tr.editor .problem');
    await problem.getByText('retry.maxPerRun').waitFor();
    await expect(problem.innerText()).resolves.toMatch(/Others changed the limits[^]*override set, none → 2, by .* \(an outage\)/);
    await expect(limit()).resolves.toMatchObject({ value: 10 });
    expect(await page.getByLabel('New value').inputValue()).toBe('7');
    await page.getByRole('button', { name: 'Try again' }).click();
    await page.locator('tr.editor').waitFor({ state: 'detached' });
    await expect(limit()).resolves.toMatchObject({ value: 7 });
  });

  it('says in words why a value is refused, at its field', async () => {
    await open('?q=maxByIntent.fix');
    await edit();
    await save('1000', 'too much');
    await page.locator('.problem', { hasText: 'must be between 1 and 100' }).waitFor();
    expect(await page.getByLabel('New value').getAttribute('aria-invalid')).toBe('true');
    await page.keyboard.press('Escape');
    await page.locator('tr.editor').waitFor({ state: 'detached' });
  });

  it('filters, and keeps the filter in the address', async () => {
    await lomu.client.put(`/api/limits/${KEY}`, { value: 9, reason: 'test' });
    await open();
    await page.getByLabel('Source').selectOption('override');
    await page.getByText(/^1 of \d+ limits$/).waitFor();
    expect(new URL(page.url()).search).toBe('?source=override');
    await page.reload();
    await page.getByText(/^1 of \d+ limits$/).waitFor();
    await page.getByLabel('Find').fill('no such limit');
    await page.getByText('No limit matches').waitFor();
  });

  it('reverts a change from the history', async () => {
    await lomu.client.put(`/api/limits/${KEY}`, { value: 8, reason: 'first' });
    await lomu.client.put(`/api/limits/${KEY}`, { value: 9, reason: 'second' });
    await open(`?view=history&key=${KEY}`);
    const latest = page.locator('tbody tr').first();
    await expect(latest.innerText()).resolves.toMatch(/8 → 9[^]*second/);
    await latest.getByRole('button', { name: /^Revert/ }).click();
    await dialog().getByLabel('Reason').fill('it was better before');
    await dialog().getByRole('button', { name: 'Revert' }).click();
    await page.locator('tbody tr', { hasText: 'it was better before' }).waitFor();
    await expect(limit()).resolves.toMatchObject({ value: 8 });
  });

  it('explains which layer won for a user, and why', async () => {
    await lomu.client.put(`/api/limits/${KEY}`, { value: 8, reason: 'test' });
    await lomu.client.put(`/api/limits/${KEY}`, { value: 20, reason: 'test', scope: { kind: 'user', id: 'alice' } });
    await open(`?view=effective&q=${KEY}`);
    await page.getByLabel('User id').fill('alice');
    await page.getByRole('button', { name: 'Explain' }).click();
    await page.getByText('1 of', { exact: false }).filter({ hasText: 'user alice' }).waitFor();
    await expect(page.locator('tbody tr').innerText()).resolves.toMatch(/20[^]*override for user alice is the strongest[^]*8 for everybody[^]*10/);
    expect(new URL(page.url()).searchParams.get('userId')).toBe('alice');
  });

  it('presses the emergency button after a question, and lifts it', async () => {
    await open();
    await page.getByRole('button', { name: 'Emergency…' }).click();
    await dialog().getByLabel('chat.refuseNewRuns').check();
    await dialog().getByLabel('Reason').fill('costs run away');
    await expect(limit('chat.refuseNewRuns')).resolves.toMatchObject({ value: false }); // nothing before the confirmation
    await dialog().getByRole('button', { name: 'Cap the system now' }).click();
    const panel = page.getByRole('region', { name: 'Emergency' });
    await panel.getByText('Emergency is on: costs run away').waitFor();
    await expect(limit()).resolves.toMatchObject({ value: 3, source: 'emergency' });
    await expect(limit('chat.refuseNewRuns')).resolves.toMatchObject({ value: true });
    const { body } = await lomu.client.get('/api/limits/emergency');
    const minutes = (Date.parse(body.emergency.expiresAt) - Date.parse(body.emergency.createdAt)) / 60_000;
    expect(Math.round(minutes)).toBe(60);

    await panel.getByRole('button', { name: 'Lift…' }).click();
    await dialog().getByRole('button', { name: 'Lift', exact: true }).click();
    await panel.getByText('Emergency is off.').waitFor();
    await expect(limit()).resolves.toMatchObject({ value: 10, source: 'default' });
  });

  it('creates an experiment, starts it, shows its results, raises its traffic and stops it', async () => {
    const name = `fewer tools ${randomUUID().slice(0, 8)}`;
    await open('?view=experiments');
    await page.getByRole('link', { name: 'New experiment' }).click();
    await page.getByLabel('Name').first().fill(name);
    await page.getByLabel('Hypothesis').fill('Two tool calls at a time are enough.');
    await page.getByLabel('Traffic in percent').fill('50');
    const treatment = page.getByRole('group', { name: 'Arm 2' });
    await treatment.getByLabel('Limit', { exact: true }).fill(ARM_KEY);
    await treatment.getByLabel('Limit', { exact: true }).press('Tab');
    await treatment.getByLabel('Value').fill('2');
    await page.getByRole('button', { name: 'Create draft' }).click();
    await page.getByRole('heading', { name }).waitFor();
    const id = new URL(page.url()).searchParams.get('id') ?? '';
    expect((await lomu.client.get(`/api/experiments/${id}`)).body).toMatchObject({ name, status: 'draft', trafficBasisPoints: 5_000, arms: [{ name: 'control', values: {} }, { name: 'treatment', values: { [ARM_KEY]: 2 } }] });

    await page.getByRole('button', { name: 'Start…' }).click();
    await dialog().getByRole('button', { name: 'Start' }).click();
    await page.locator('h2 .badge', { hasText: 'running' }).waitFor();
    await page.getByText('No user has taken part yet.').waitFor();

    await seedExperimentRuns(lomu.database.prisma, id);
    await page.getByRole('button', { name: 'Read again' }).click();
    const tokens = page.locator('tr', { has: page.getByRole('rowheader', { name: /^Tokens/ }) });
    await tokens.waitFor();
    await expect(tokens.locator('xpath=following-sibling::tr[1]').innerText()).resolves.toMatch(/treatment\s+30\s+900\s+-14\.3%\s+-1[\d.]+% to -1[\d.]+%\s+better/);
    await expect(page.getByRole('region', { name: 'Users and runs per arm' }).innerText()).resolves.toMatch(/treatment\s+30\s+50%\s+50%\s+30\s+timeout: 1/);

    await page.getByRole('button', { name: 'Raise traffic…' }).click();
    await dialog().getByLabel('Traffic in percent').fill('80');
    await dialog().getByRole('button', { name: 'Raise' }).click();
    await page.locator('dd', { hasText: '80%' }).waitFor();
    await page.getByRole('button', { name: 'Stop…' }).click();
    await dialog().getByLabel('Reason').fill('seen enough');
    await dialog().getByRole('button', { name: 'Stop' }).click();
    await page.locator('h2 .badge', { hasText: 'stopped' }).waitFor();
    expect((await lomu.client.get(`/api/experiments/${id}`)).body).toMatchObject({ status: 'stopped', stopReason: 'seen enough', trafficBasisPoints: 8_000 });
  });

  it('alarms when the arms hold other numbers of users than they should', async () => {
    const arms = [{ name: 'control', weight: 9 }, { name: 'treatment', weight: 1 }];
    const { id } = (await lomu.client.post('/api/experiments', { name: randomUUID(), arms })).body;
    await seedExperimentRuns(lomu.database.prisma, id);
    await open(`?view=experiments&id=${id}`);
    await page.getByRole('alert').filter({ hasText: 'Sample-ratio alarm' }).waitFor();
  });

  it('can be used with the keyboard alone', async () => {
    await open();
    await page.keyboard.press('Tab');
    expect(await focusedName(page)).toBe('Skip to the content');
    await page.getByLabel('Find').focus();
    await page.keyboard.type('maxByIntent.fix');
    await tabTo(page, `Edit ${KEY}`);
    await page.keyboard.press('Enter');
    await page.keyboard.press('ControlOrMeta+a');
    await page.keyboard.type('6'); // the focus is in the value
    await tabTo(page, 'Reason');
    await page.keyboard.type('by keyboard');
    await page.keyboard.press('Enter');
    await page.locator('tr.editor').waitFor({ state: 'detached' });
    await expect(limit()).resolves.toMatchObject({ value: 6 });
    expect(await focusedName(page)).toBe(`Edit ${KEY}`);
  });

  it('says so when the server is away, and shows what it knew', async () => {
    await open();
    await page.route('**/api/limits**', (route) => route.abort());
    await page.evaluate("document.dispatchEvent(new Event('visibilitychange'))");
    await page.locator('#stale', { hasText: 'it may have changed since: The server cannot be reached' }).waitFor();
    expect(await rowOf(KEY).count()).toBe(1);
    await page.reload();
    await page.getByRole('alert').filter({ hasText: 'The server cannot be reached' }).waitFor();
    await page.unroute('**/api/limits**');
    await page.getByRole('button', { name: 'Try again' }).click();
    await rowOf(KEY).waitFor();
    faults.length = 0; // the browser reports each aborted call itself
  });

  it('asks for an API key, and tells those who are no admin', async () => {
    const refuse = (status: number, detail: string) => ({ status, contentType: 'application/problem+json', body: JSON.stringify({ status, detail }) });
    await page.route('**/api/**', (route) => {
      const { authorization, ...headers } = route.request().headers();
      if (authorization === 'Bearer of-an-admin') return route.continue({ headers });
      return route.fulfill(authorization === 'Bearer of-a-user' ? refuse(403, 'Your credential does not allow this.') : refuse(401, 'Send a key.'));
    });
    await page.goto(`${lomu.url}/dashboard/limits`);
    await dialog().getByLabel('Key').fill('of-a-user');
    await page.keyboard.press('Enter');
    await page.getByRole('alert').filter({ hasText: 'Only admins see and change limits.' }).waitFor();
    await page.getByRole('button', { name: 'Use another API key' }).click();
    await dialog().getByLabel('Key').fill('of-an-admin');
    await page.keyboard.press('Enter');
    await rowOf(KEY).waitFor();
  });

  it.each(['light', 'dark'] as const)('has no serious accessibility fault, nor has the chat page, in the %s scheme', async (colorScheme) => {
    await page.emulateMedia({ colorScheme });
    const rules = colorScheme === 'dark' ? { runOnly: ['color-contrast'] } : {}; // the rest is the same in both
    await lomu.client.put(`/api/limits/${KEY}`, { value: 20, reason: 'test', scope: { kind: 'user', id: 'alice' } });
    await lomu.client.put('/api/limits/emergency', { reason: 'test' });
    const arms = [{ name: 'control', weight: 1 }, { name: 'treatment', weight: 1, values: { [ARM_KEY]: 2 } }];
    const { id } = (await lomu.client.post('/api/experiments', { name: randomUUID(), arms })).body;
    await seedExperimentRuns(lomu.database.prisma, id);
    await open('?q=maxByIntent'); // a short list: axe takes its time with each row
    await edit();
    const found = { limits: await seriousFaults(page, rules) };
    await page.getByRole('button', { name: 'Change…' }).click();
    Object.assign(found, { emergency: await seriousFaults(page, rules) });
    for (const view of ['effective&q=maxByIntent', 'history', 'experiments', `experiments&id=${id}`, 'experiments&id=new']) {
      await open(`?view=${view}`);
      await page.locator('#view [aria-busy=true]').waitFor({ state: 'detached' });
      Object.assign(found, { [view]: await seriousFaults(page, rules) });
    }
    await page.goto(lomu.url);
    await page.locator('#balance', { hasText: 'credits' }).waitFor();
    Object.assign(found, { chat: await seriousFaults(page, rules) });
    expect(Object.entries(found).filter(([, violations]) => violations.length > 0)).toEqual([]);
  }, 60_000);
});
