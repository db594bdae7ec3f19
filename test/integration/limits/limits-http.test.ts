import { LIMITS } from '../../../src/limits/index.js';
import { createTestDatabase, type TestDatabase } from '../../support/test-database.js';
import { type JsonClient, type LimitsApp, startLimitsApp } from './limits-app.js';

const KEY = 'iteration.maxByIntent.fix';

describe('the limits API', () => {
  let database: TestDatabase;
  let app: LimitsApp;
  let admin: JsonClient;
  let user: JsonClient;

  beforeAll(async () => {
    database = await createTestDatabase();
    app = await startLimitsApp(database, { LIMIT_TOOL_MAX_PER_ITERATION: '6' });
    admin = await app.as('root', 'admin');
    user = await app.as('alice');
  });
  afterAll(async () => {
    await app.close();
    await database.close();
  });

  const itemOf = async (key: string) => (await user.get(`/api/limits`)).body.items.find((item: { key: string }) => item.key === key);

  it('lists every limit with the shape of the contract', async () => {
    const { body } = await user.get('/api/limits');
    expect(body.items.map((item: { key: string }) => item.key)).toEqual(Object.keys(LIMITS));
    expect(await itemOf(KEY)).toEqual({ key: KEY, value: 10, default: 10, source: 'default', unit: 'count', min: 1, max: 100, description: expect.any(String), env: 'LIMIT_ITERATION_MAX_BY_INTENT_FIX', mutable: true });
    expect(await itemOf('tool.maxPerIteration')).toMatchObject({ value: 6, source: 'env' });
    expect(await itemOf('chat.maxRequestBytes')).toMatchObject({ mutable: false });
  });

  it('changes a limit, tells the revision, and takes it back', async () => {
    const { revision } = (await admin.get('/api/limits')).body;
    const set = await admin.put(`/api/limits/${KEY}`, { value: 7, reason: 'slow provider', revision });
    expect(set).toMatchObject({ status: 200, body: { key: KEY, value: 7, source: 'override', revision: revision + 1 } });
    expect(app.limits.value(KEY)).toBe(7);

    const stale = await admin.put(`/api/limits/${KEY}`, { value: 8, reason: 'too late', revision });
    expect(stale).toMatchObject({ status: 409, body: { code: 'stale_revision', revision: revision + 1 } });

    const removed = await admin.delete(`/api/limits/${KEY}?reason=over&revision=${revision + 1}`);
    expect(removed).toMatchObject({ status: 200, body: { value: 10, source: 'default', revision: revision + 2 } });
    expect(await admin.delete(`/api/limits/${KEY}`)).toMatchObject({ status: 404, body: { code: 'override_not_found' } });
  });

  it.each([
    ['nonsense', { value: 1, reason: 'x' }, 404, 'limit_not_found'],
    ['__proto__', { value: 1, reason: 'x' }, 404, 'limit_not_found'],
    [KEY, { value: 1.5, reason: 'x' }, 422, 'validation_failed'],
    [KEY, { value: 0, reason: 'x' }, 422, 'validation_failed'],
    [KEY, { value: '7', reason: 'x' }, 422, 'validation_failed'],
    [KEY, { value: null, reason: 'x' }, 422, 'validation_failed'],
    [KEY, { value: 7 }, 422, 'validation_failed'],
    [KEY, { value: 7, reason: 'x', note: 1 }, 422, 'validation_failed'],
    [KEY, { value: 7, reason: 'x', scope: { kind: 'intent', id: 'dance' } }, 422, 'validation_failed'],
    [KEY, { value: 7, reason: 'x', scope: { kind: 'global', id: 'alice' } }, 422, 'validation_failed'],
    [KEY, { value: 7, reason: 'x', expiresAt: 'tomorrow' }, 422, 'validation_failed'],
    [KEY, { value: 7, reason: 'x', expiresAt: '2001-01-01T00:00:00Z' }, 422, 'validation_failed'],
    ['chat.maxRequestBytes', { value: 2_048, reason: 'x' }, 422, 'validation_failed'],
  ])('PUT %s %j answers %d %s', async (key, body, status, code) => {
    expect(await admin.put(`/api/limits/${key}`, body)).toMatchObject({ status, body: { code, detail: expect.stringMatching(/.{10}/) } });
  });

  it.each(['/api/limits/effective', '/api/limits/history', '/api/limits/overrides', '/api/limits/emergency', '/api/experiments'])('keeps %s to admins', async (path) => {
    expect((await user.get(path)).status).toBe(403);
    expect((await admin.get(path)).status).toBe(200);
  });

  it('lets nobody but admins write', async () => {
    const refused = await Promise.all([
      user.put(`/api/limits/${KEY}`, { value: 7, reason: 'x' }),
      user.delete(`/api/limits/${KEY}`),
      user.put('/api/limits/emergency', { reason: 'x' }),
      user.delete('/api/limits/emergency'),
      user.post('/api/limits/history/x/revert'),
      user.post('/api/experiments', {}),
    ]);
    expect(refused.map(({ status }) => status)).toEqual(Array.from({ length: 6 }, () => 403));
  });

  it('explains which layer won and why', async () => {
    await admin.put(`/api/limits/${KEY}`, { value: 8, reason: 'for all' });
    await admin.put(`/api/limits/${KEY}`, { value: 20, reason: 'for alice', scope: { kind: 'user', id: 'alice' }, expiresAt: new Date(Date.now() + 60_000).toISOString() });
    await admin.put('/api/limits/emergency', { values: { [KEY]: 4, 'tool.maxPerIteration': 50 }, reason: 'fire' });
    const { body } = await admin.get('/api/limits/effective?userId=alice&intent=fix');
    expect(body.subject).toEqual({ userId: 'alice', plan: 'free', intent: 'fix' });
    const explained = (key: string) => body.items.find((item: { key: string }) => item.key === key);
    expect(explained(KEY)).toMatchObject({
      value: 4,
      source: 'emergency',
      candidates: [
        { source: 'emergency', value: 4, outcome: 'won' },
        { source: 'override', value: 20, scope: { kind: 'user', id: 'alice' }, outcome: 'lost', reason: 'the emergency profile outranks the override for user alice' },
        { source: 'override', value: 8, scope: { kind: 'global' }, outcome: 'lost' },
        { source: 'default', value: 10, outcome: 'lost' },
      ],
    });
    expect(explained('tool.maxPerIteration')).toMatchObject({
      value: 6,
      source: 'env',
      candidates: [{ source: 'emergency', value: 50, outcome: 'lost', reason: 'an emergency only tightens, and the environment variable is stricter already' }, { outcome: 'won' }, { outcome: 'lost' }],
    });
    expect((await admin.get('/api/limits/overrides')).body.items).toHaveLength(2);
    expect((await user.get('/api/limits')).body.emergency).toEqual({ since: expect.any(String), expiresAt: null });

    expect((await admin.delete('/api/limits/emergency')).body.emergency).toBeNull();
    expect((await admin.delete(`/api/limits/${KEY}?scope=user:alice`)).status).toBe(200);
    expect((await admin.delete(`/api/limits/${KEY}`)).status).toBe(200);
  });

  it('caps with a profile of its own when an emergency names no values', async () => {
    const { body } = await admin.put('/api/limits/emergency', { reason: 'fire', expiresAt: new Date(Date.now() + 60_000).toISOString() });
    expect(body.emergency.values).toEqual(body.defaultValues);
    expect(await itemOf(KEY)).toMatchObject({ value: 3, source: 'emergency' });
    await admin.delete('/api/limits/emergency?reason=out');
  });

  it.each([
    ['{"values":{"__proto__":1},"reason":"x"}', 'values'],
    [{ values: { constructor: 1 }, reason: 'x' }, 'values'],
    [{ values: { toString: 1 }, reason: 'x' }, 'There is no limit "toString"'],
    [{ values: { 'iteration.maxEmpty': 1.5 }, reason: 'x' }, 'must be a whole number'],
    [{ values: { 'retention.chatDays': 1 }, reason: 'x' }, 'has no stricter side'],
    [{ values: { 'chat.maxRequestBytes': 2_048 }, reason: 'x' }, 'restart'],
    [{ values: [1], reason: 'x' }, 'must be an object'],
  ])('PUT emergency %j is refused with the reason', async (body, reason) => {
    expect(await admin.put('/api/limits/emergency', body)).toMatchObject({ status: 422, body: { detail: expect.stringContaining(reason) } });
  });

  it('shows the history and goes back', async () => {
    await admin.put(`/api/limits/${KEY}`, { value: 9, reason: 'an error' });
    const { body } = await admin.get(`/api/limits/history?limit=1&key=${KEY}`);
    expect(body.items[0]).toMatchObject({ action: 'override.set', key: KEY, scope: { kind: 'global' }, oldValue: null, newValue: 9, reason: 'an error', actor: 'root' });
    expect(body.nextCursor).toEqual(expect.any(String));
    expect((await admin.post(`/api/limits/history/${body.items[0].id}/revert`)).status).toBe(200);
    expect(app.limits.value(KEY)).toBe(10);
  });

  describe('experiments', () => {
    const draft = (name: string, more: object = {}) => ({
      name,
      arms: [
        { name: 'control', weight: 1 },
        { name: 'fewer', weight: 1, values: { 'iteration.maxByIntent.refactor': 5 } },
      ],
      ...more,
    });

    it('live from draft to running to stopped', async () => {
      const created = await admin.post('/api/experiments', draft('life', { targeting: { intents: ['refactor'] } }));
      expect(created).toMatchObject({ status: 201, body: { status: 'draft', trafficBasisPoints: 10_000, guardrails: [{ metric: 'failureRate', tolerance: 0 }] } });
      const path = `/api/experiments/${created.body.id}`;
      expect((await admin.get(path)).body).toEqual(created.body);
      await admin.patch(path, { trafficBasisPoints: 5_000, status: 'running', reason: 'go' });
      expect((await admin.get(path)).body).toMatchObject({ status: 'running', trafficBasisPoints: 5_000, startedAt: expect.any(String) });

      for (const patch of [{ trafficBasisPoints: 4_999 }, { hypothesis: 'other' }, { arms: draft('x').arms }, { status: 'running' }]) {
        expect(await admin.patch(path, patch)).toMatchObject({ status: 409, body: { code: 'invalid_state' } });
      }
      expect((await admin.patch(path, { trafficBasisPoints: 10_000 })).status).toBe(200);
      expect((await admin.get(`${path}/results`)).body).toMatchObject({ sampleRatio: { alarm: false }, arms: [{ name: 'control', isControl: true }, { name: 'fewer' }] });

      expect((await admin.patch(path, { status: 'stopped', reason: 'done' })).body).toMatchObject({ status: 'stopped', stopReason: 'done' });
      expect((await admin.patch(path, { status: 'running' })).status).toBe(409);
      const { items } = (await admin.get('/api/limits/history?limit=3')).body;
      expect(items.map(({ action }: { action: string }) => action)).toEqual(['experiment.stopped', 'experiment.traffic_raised', 'experiment.started']);
      expect(await admin.post(`/api/limits/history/${items[0].id}/revert`)).toMatchObject({ status: 409, body: { code: 'invalid_state' } });
    });

    it('never run two that set the same limit', async () => {
      const [first, second] = [await admin.post('/api/experiments', draft('one')), await admin.post('/api/experiments', draft('two'))];
      expect(await admin.patch(`/api/experiments/${first.body.id}`, { status: 'running' })).toMatchObject({ status: 200 });
      expect(await admin.patch(`/api/experiments/${second.body.id}`, { status: 'running' })).toMatchObject({ status: 409, body: { detail: expect.stringContaining('iteration.maxByIntent.refactor') } });
      await admin.patch(`/api/experiments/${first.body.id}`, { status: 'stopped' });
      expect((await admin.patch(`/api/experiments/${second.body.id}`, { status: 'running' })).status).toBe(200);
      await admin.patch(`/api/experiments/${second.body.id}`, { status: 'stopped' });
    });

    it('are made once for one Idempotency-Key', async () => {
      const key = { 'idempotency-key': 'once' };
      const [first, second] = [await admin.post('/api/experiments', draft('idem'), key), await admin.post('/api/experiments', draft('idem'), key)];
      expect(second.body).toEqual(first.body);
      expect(await admin.post('/api/experiments', draft('idem'))).toMatchObject({ status: 409, body: { code: 'already_exists' } });
      expect(await admin.post('/api/experiments', draft('other'), key)).toMatchObject({ status: 409, body: { code: 'idempotency_mismatch' } });
    });

    it.each([
      [draft('bad', { arms: [{ name: 'alone', weight: 1 }] }), 'at least two arms'],
      [draft('bad', { arms: [{ name: 'same', weight: 1 }, { name: 'same', weight: 1 }] }), 'different name'],
      [draft('bad', { arms: [{ name: 'a', weight: 1 }, { name: 'b', weight: 0.5 }] }), 'whole number'],
      [draft('bad', { arms: [{ name: 'a', weight: 1 }, { name: 'b', weight: 1, values: { 'tool.maxPerIteration': 0 } }] }), 'must be between 1 and 100'],
      [draft('bad', { arms: [{ name: 'a', weight: 1 }, { name: 'b', weight: 1, values: { nope: 1 } }] }), 'There is no limit'],
      [draft('bad', { targeting: { intents: ['dance'] } }), 'targeting'],
      [draft('bad', { trafficBasisPoints: 10_001 }), 'trafficBasisPoints'],
      [draft('bad', { guardrails: [{ metric: 'joy' }] }), 'guardrails'],
    ])('refuse %j', async (body, reason) => {
      expect(await admin.post('/api/experiments', body)).toMatchObject({ status: 422, body: { detail: expect.stringContaining(reason) } });
    });

    it.each(['not-an-id', '0190a000-0000-7000-8000-000000000000'])('answer 404 for %s', async (id) => {
      expect(await admin.get(`/api/experiments/${id}`)).toMatchObject({ status: 404, body: { code: 'experiment_not_found' } });
      expect((await admin.get(`/api/experiments/${id}/results`)).status).toBe(404);
    });

    it('hold to experiment.maxArms and experiment.maxRunning', async () => {
      await admin.put('/api/limits/experiment.maxArms', { value: 2, reason: 'x' });
      const three = draft('three', { arms: ['a', 'b', 'c'].map((name) => ({ name, weight: 1 })) });
      expect(await admin.post('/api/experiments', three)).toMatchObject({ status: 429, body: { code: 'limit_exceeded' } });
      await admin.put('/api/limits/experiment.maxArms', { value: 3, reason: 'x' });
      const { body } = await admin.post('/api/experiments', three);

      await admin.put('/api/limits/experiment.maxRunning', { value: 1, reason: 'x' });
      const other = (await admin.post('/api/experiments', draft('fills the room'))).body;
      expect((await admin.patch(`/api/experiments/${body.id}`, { status: 'running' })).status).toBe(200);
      expect((await admin.patch(`/api/experiments/${other.id}`, { status: 'running' })).status).toBe(429);
      await admin.patch(`/api/experiments/${body.id}`, { status: 'stopped' });
      expect((await admin.patch(`/api/experiments/${other.id}`, { status: 'running' })).status).toBe(200);
    });
  });
});
