import { randomUUID } from 'node:crypto';
import { type BillingBench, callOf, startBilling, usageOf } from '../../support/billing/billing-bench.js';
import type { HttpClient } from '../../support/http-client.js';

let bench: BillingBench;
let admin: HttpClient;
beforeAll(async () => {
  bench = await startBilling({ SIGNUP_CREDITS: '100', CREDIT_VALUE_NANO_USD: '1000' });
  admin = await bench.client('root', 'admin');
});
afterAll(() => bench.close());

const newUserId = (): string => `user-${randomUUID()}`;

/** One settled call that costs as many nano-USD as it has prompt tokens. */
async function use(userId: string, inputTokens: number, options: Parameters<typeof callOf>[1] = {}): Promise<void> {
  await bench.billing.ensureAccount(userId);
  await bench.billing.settle(usageOf(callOf(userId, options), { inputTokens }));
}

async function allPages(client: HttpClient, path: string): Promise<{ credits: number; amountNanoUsd: string; id: string }[]> {
  const items: { credits: number; amountNanoUsd: string; id: string }[] = [];
  let cursor: string | null = '';
  while (cursor !== null) {
    const { body, status }: { body: { items: typeof items; nextCursor: string | null }; status: number } = await client.get(`${path}?limit=3${cursor && `&cursor=${cursor}`}`);
    expect(status).toBe(200);
    items.push(...body.items);
    cursor = body.nextCursor;
  }
  return items;
}

describe('GET /api/billing/balance', () => {
  it('begins with the sign-up grant, given once', async () => {
    const client = await bench.client(newUserId());
    await Promise.all(Array.from({ length: 10 }, () => client.get('/api/billing/balance')));
    expect((await client.get('/api/billing/balance')).body).toEqual({
      posted: 100, held: 0, available: 100, postedNanoUsd: '100000', heldNanoUsd: '0', availableNanoUsd: '100000', creditsUsedThisMonth: 0, allowance: 100, level: 'good',
    });
  });

  it('shows holds, use, and how little is left', async () => {
    const userId = newUserId();
    const client = await bench.client(userId);
    await use(userId, 85_000);
    await bench.billing.reserve(callOf(userId));
    expect((await client.get('/api/billing/balance')).body).toMatchObject({ posted: 15, held: 0.2, available: 14.8, creditsUsedThisMonth: 85, level: 'low' });
    await use(userId, 20_000);
    expect((await client.get('/api/billing/balance')).body).toMatchObject({ posted: -5, level: 'critical' });
  });
});

describe('GET /api/billing/ledger', () => {
  it('adds up to what is posted, page by page', async () => {
    const userId = newUserId();
    const client = await bench.client(userId);
    for (let index = 1; index <= 7; index++) await use(userId, 1_000 + index);
    await admin.post('/api/billing/grants', { userId, credits: 12.5, reason: 'thanks' });
    const items = await allPages(client, '/api/billing/ledger');
    expect(items).toHaveLength(9);
    const { body: balance } = await client.get('/api/billing/balance');
    expect(items.reduce((sum, item) => sum + BigInt(item.amountNanoUsd), 0n)).toBe(BigInt(balance.postedNanoUsd));
    expect(new Set(items.map((item) => item.id)).size).toBe(9);
  });

  it('shows nothing of others', async () => {
    await use(newUserId(), 10);
    const items = await allPages(await bench.client(newUserId()), '/api/billing/ledger');
    expect(items).toHaveLength(1);
  });
});

describe('POST /api/billing/grants', () => {
  it('gives credits once per Idempotency-Key, also when the same request races itself', async () => {
    const userId = newUserId();
    const key = { 'idempotency-key': randomUUID() };
    const answers = await Promise.all(Array.from({ length: 10 }, () => admin.post('/api/billing/grants', { userId, credits: 5, reason: 'beta' }, key)));
    for (const { status, body } of answers) {
      expect(status).toBe(201);
      expect(body).toEqual(answers[0]?.body);
    }
    expect(answers[0]?.body).toMatchObject({ kind: 'grant', credits: 5, amountNanoUsd: '5000', balanceNanoUsd: '105000', reason: 'beta', createdBy: 'root' });
    expect((await (await bench.client(userId)).get('/api/billing/balance')).body.posted).toBe(105);
  });

  it('answers 409 to another body under the same key, even long after the answer was forgotten', async () => {
    const userId = newUserId();
    const key = { 'idempotency-key': randomUUID() };
    await admin.post('/api/billing/grants', { userId, credits: 5, reason: 'beta' }, key);
    expect(await admin.post('/api/billing/grants', { userId, credits: 6, reason: 'beta' }, key)).toMatchObject({ status: 409, body: { code: 'idempotency_mismatch' } });
    bench.clock.leap(25 * 3_600_000);
    expect(await admin.post('/api/billing/grants', { userId, credits: 6, reason: 'beta' }, key)).toMatchObject({ status: 409 });
    expect(await admin.post('/api/billing/grants', { userId, credits: 5, reason: 'beta' }, key)).toMatchObject({ status: 201 });
    expect((await (await bench.client(userId)).get('/api/billing/balance')).body.posted).toBe(105);
  });

  it.each([
    ['no credits', { userId: 'alice', reason: 'x' }],
    ['negative credits', { userId: 'alice', credits: -1, reason: 'x' }],
    ['less than the smallest amount', { userId: 'alice', credits: 0.0001, reason: 'x' }],
    ['more than can be counted', { userId: 'alice', credits: 1e300, reason: 'x' }],
    ['no reason', { userId: 'alice', credits: 1, reason: ' ' }],
    ['an unknown field', { userId: 'alice', credits: 1, reason: 'x', currency: 'EUR' }],
  ])('refuses %s', async (_, body) => {
    expect(await admin.post('/api/billing/grants', body)).toMatchObject({ status: 422, body: { code: 'validation_failed' } });
    expect(await bench.prisma.creditAccount.count({ where: { userId: 'alice' } })).toBe(0);
  });
});

describe('POST /api/billing/refunds', () => {
  it('reverses usage once and in full', async () => {
    const userId = newUserId();
    await use(userId, 30_000);
    const usage = await bench.prisma.ledgerEntry.findFirstOrThrow({ where: { userId, kind: 'usage' } });
    const answers = await Promise.all(Array.from({ length: 5 }, () => admin.post('/api/billing/refunds', { entryId: usage.id, reason: 'our fault' })));
    for (const { status, body } of answers) expect([status, body.kind, body.credits, body.reversesEntryId, body.runId]).toEqual([201, 'refund', 30, usage.id, usage.runId]);
    expect((await (await bench.client(userId)).get('/api/billing/balance')).body).toMatchObject({ posted: 100, creditsUsedThisMonth: 0 });
    expect(await bench.reconciliation.findImbalances([userId])).toEqual([]);
  });

  it('takes back a grant that was a mistake, into debt if it must', async () => {
    const userId = newUserId();
    const { body: grant } = await admin.post('/api/billing/grants', { userId, credits: 50, reason: 'wrong person' });
    await use(userId, 120_000);
    expect((await admin.post('/api/billing/refunds', { entryId: grant.id, reason: 'wrong person' })).body).toMatchObject({ kind: 'reversal', credits: -50, balanceNanoUsd: '-20000' });
  });

  it('refuses what cannot be reversed', async () => {
    const userId = newUserId();
    await use(userId, 1_000);
    const usage = await bench.prisma.ledgerEntry.findFirstOrThrow({ where: { userId, kind: 'usage' } });
    const { body: refund } = await admin.post('/api/billing/refunds', { entryId: usage.id, reason: 'x' });
    expect(await admin.post('/api/billing/refunds', { entryId: refund.id, reason: 'x' })).toMatchObject({ status: 409, body: { code: 'invalid_state' } });
    expect(await admin.post('/api/billing/refunds', { entryId: randomUUID(), reason: 'x' })).toMatchObject({ status: 422 });
  });
});

describe('/api/billing/prices', () => {
  it('lists the shipped prices, those to come first, with their source and date', async () => {
    const { body } = await admin.get('/api/billing/prices?model=gemini/gemini-3.6-flash');
    expect(body.items).toMatchObject([
      { effectiveFrom: '2027-01-01T00:00:00.000Z', inputNanoUsd: '1500', cachedInputNanoUsd: '150', outputNanoUsd: '7500', longContext: null },
      { inputNanoUsd: '750', cachedInputNanoUsd: '75', outputNanoUsd: '3750', sourceDate: '2026-10-07' },
    ]);
    const { body: pro } = await admin.get('/api/billing/prices?model=gemini/gemini-2.5-pro');
    expect(pro.items).toMatchObject([{ longContext: { threshold: 200_000, inputNanoUsd: '2500', cachedInputNanoUsd: '250', outputNanoUsd: '15000' } }]);
  });

  it('prices a model from then on, long tier and all, and never changes what there is', async () => {
    const price = { model: 'test/new', effectiveFrom: '2026-11-01T00:00:00Z', inputNanoUsd: '7', cachedInputNanoUsd: '1', outputNanoUsd: '9', source: 'contract 17' };
    const tiered = { ...price, longContext: { threshold: 1_000, inputNanoUsd: '14', cachedInputNanoUsd: '2', outputNanoUsd: '18' } };
    await expect(bench.billing.reserve(callOf(newUserId(), { model: 'test/new' }))).rejects.toMatchObject({ code: 'unpriced_model' });
    expect(await admin.post('/api/billing/prices', tiered)).toMatchObject({ status: 201, body: { ...tiered, effectiveFrom: '2026-11-01T00:00:00.000Z', createdBy: 'root' } });
    expect(await admin.post('/api/billing/prices', price)).toMatchObject({ status: 409, body: { code: 'already_exists' } });
    const userId = newUserId();
    await bench.billing.ensureAccount(userId);
    expect((await bench.billing.settle(usageOf(callOf(userId, { model: 'test/new' }), { inputTokens: 1_001 }))).chargedNanoUsd).toBe(14_014n);
  });

  it('answers the same for the same Idempotency-Key', async () => {
    const price = { model: 'test/once', effectiveFrom: '2026-11-01T00:00:00Z', inputNanoUsd: '7', cachedInputNanoUsd: '1', outputNanoUsd: '9', source: 'x' };
    const key = { 'idempotency-key': randomUUID() };
    const first = await admin.post('/api/billing/prices', price, key);
    expect(await admin.post('/api/billing/prices', price, key)).toMatchObject({ status: 201, body: first.body });
    expect(await admin.post('/api/billing/prices', { ...price, source: 'y' }, key)).toMatchObject({ status: 409, body: { code: 'idempotency_mismatch' } });
  });

  it.each([['-1'], ['0.5'], [7], ['1e3']])('refuses %p nano-USD', async (inputNanoUsd) => {
    const price = { model: 'test/bad', effectiveFrom: '2026-11-01T00:00:00Z', inputNanoUsd, cachedInputNanoUsd: '1', outputNanoUsd: '9', source: 'x' };
    expect(await admin.post('/api/billing/prices', price)).toMatchObject({ status: 422 });
  });
});

describe('usage', () => {
  it('is listed, summed by day, model and intent, and exported', async () => {
    const userId = newUserId();
    const client = await bench.client(userId);
    const runId = randomUUID();
    for (let iteration = 1; iteration <= 205; iteration++) await use(userId, 10, { runId, iteration });
    bench.clock.leap(24 * 3_600_000);
    await use(userId, 70);

    expect((await client.get('/api/billing/usage?limit=1')).body.items).toMatchObject([{ inputTokens: 70, credits: 0.07, chargedNanoUsd: '70', isPartial: false, isPresumed: false }]);
    const { body: summary } = await client.get('/api/billing/usage/summary');
    expect(summary).toMatchObject({
      isTruncated: false,
      items: [
        { modelCalls: 1, runs: 1, inputTokens: 70, credits: 0.07 },
        { model: 'test/simple', intent: 'search', modelCalls: 205, runs: 1, inputTokens: 2_050, chargedNanoUsd: '2050' },
      ],
    });

    const json = await client.get('/api/billing/usage/export?format=json');
    expect(json.body).toHaveLength(206);
    expect(new Set(json.body.map((call: { id: string }) => call.id)).size).toBe(206);
    const csv = await client.get('/api/billing/usage/export');
    expect(csv.headers.get('content-type')).toBe('text/csv; charset=utf-8');
    expect(csv.headers.get('content-disposition')).toMatch(/attachment; filename="usage-2026-11-\d\d\.csv"/);
    const lines = csv.body.trimEnd().split('\r\n');
    expect(lines).toHaveLength(207);
    expect(lines[0].split(',')).toEqual(Object.keys(json.body[0]));
    expect(lines[1].split(',')[0]).toBe(json.body[0].id);
  });

  it('of nobody is an empty list', async () => {
    const client = await bench.client(newUserId());
    expect((await client.get('/api/billing/usage/export?format=json')).body).toEqual([]);
    expect((await client.get('/api/billing/usage/summary')).body.items).toEqual([]);
  });

  it('of everyone is for admins alone', async () => {
    const userId = newUserId();
    await use(userId, 33);
    expect(await (await bench.client(userId)).get('/api/billing/usage/summary?everyone=true')).toMatchObject({ status: 403 });
    expect(await (await bench.client(userId)).get('/api/billing/usage/export?everyone=true')).toMatchObject({ status: 403 });
    const { body } = await admin.get('/api/billing/usage/export?format=json&everyone=true');
    expect(body.map((call: { userId: string }) => call.userId)).toContain(userId);
  });

  it.each(['from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z', 'from=2020-01-01T00:00:00Z', 'from=yesterday', 'format=xml'])('refuses %s before any byte is sent', async (query) => {
    expect(await admin.get(`/api/billing/usage/export?${query}`)).toMatchObject({ status: 422, body: { code: 'validation_failed' } });
  });
});
