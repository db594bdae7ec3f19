import { createHash } from 'node:crypto';
import { ControlToken, StreamTickets } from '../../../src/auth/index.js';
import { newId } from '../../../src/common/index.js';
import { FakeClock } from '../../support/fake-clock.js';
import { type AccessApp, startAccessApp } from '../../support/auth/access-app.js';
import { type Answer, bearer, call } from '../../support/auth/call.js';
import { FixedLimits } from '../../support/streaming/fixed-limits.js';
import { createTestDatabase, type TestDatabase } from '../../support/test-database.js';

const TTL_MS = 30_000;

describe('AUTH_MODE=api-key', () => {
  const clock = new FakeClock();
  const limits = new FixedLimits({ 'auth.cacheTtlMs': TTL_MS });
  let database: TestDatabase;
  let server: AccessApp;
  let other: AccessApp;
  let adminKey: string;

  beforeAll(async () => {
    database = await createTestDatabase();
    server = await startAccessApp(database, clock, limits, { AUTH_MODE: 'api-key' });
    other = await startAccessApp(database, clock, limits, { AUTH_MODE: 'api-key' });
    const created = await order({ userId: 'root', role: 'admin' }, bearer(server.app.get(ControlToken).value));
    adminKey = created.body.key;
  });

  afterAll(async () => {
    await server.close();
    await other.close();
    await database.close();
  });

  function order(body: object, headers: Record<string, string> = bearer(adminKey)): Promise<Answer> {
    return call(`${server.url}/api/access/keys`, { method: 'POST', headers, body });
  }

  function plain(key: string, at: AccessApp = server): Promise<Answer> {
    return call(`${at.url}/probe/plain`, { headers: bearer(key) });
  }

  it('denies by default, the same way whatever is wrong', async () => {
    const expired = (await order({ userId: 'alice', role: 'user', expiresAt: new Date(clock.now() + 1_000).toISOString() })).body.key;
    await clock.advance(2_000);
    const unknown = 'lomu_' + 'x'.repeat(43);
    const answers = await Promise.all([
      call(`${server.url}/probe/plain`),
      ...['', 'lomu_', unknown, expired, 'a.b.c', `${adminKey}x`, 'control_' + 'x'.repeat(43)].map((key: string) => plain(key)),
      call(`${server.url}/probe/plain`, { headers: { authorization: `Basic ${adminKey}` } }),
      call(`${server.url}/probe/plain?ticket=x&key=${adminKey}`),
    ]);
    for (const answer of answers) {
      expect(answer.status).toBe(401);
      expect(answer.body.detail).toBe(answers[0]?.body.detail);
    }
  });

  it('shows a key once and stores only its hash', async () => {
    const { status, body } = await order({ userId: 'alice', role: 'user', plan: 'pro' });
    expect(status).toBe(201);
    expect(Object.keys(body).sort()).toEqual(['id', 'key']);
    expect(body.key).toMatch(/^lomu_[\w-]{43}$/);
    const row = await database.prisma.apiKey.findUniqueOrThrow({ where: { id: body.id } });
    expect(row.hash).toBe(createHash('sha256').update(body.key).digest('hex'));
    expect(JSON.stringify(row)).not.toContain(body.key);
    expect(body.key.startsWith(row.prefix)).toBe(true);
    expect((await plain(body.key)).body).toEqual({ userId: 'alice', role: 'user', plan: 'pro', scopes: [] });
  });

  it('keeps users from what only admins may do, also where a route contradicts itself', async () => {
    const { key } = (await order({ userId: 'bob', role: 'user' })).body;
    for (const path of ['/probe/admin', '/probe/contradiction', '/api/access/keys']) {
      expect((await call(server.url + path, { headers: bearer(key) })).body.code).toBe('forbidden');
      expect((await call(server.url + path, { headers: bearer(adminKey) })).status).toBe(200);
      expect((await call(server.url + path)).status).toBe(401);
    }
  });

  it('opens nothing outside the scopes of a key', async () => {
    const { key } = (await order({ userId: 'carol', role: 'admin', scopes: ['billing'] })).body;
    const statusOf = async (path: string): Promise<number> => (await call(server.url + path, { headers: bearer(key) })).status;
    expect(await statusOf('/probe/billing')).toBe(200);
    expect(await statusOf('/probe/plain')).toBe(403);
    expect(await statusOf('/api/access/keys')).toBe(403);
  });

  it('auth.cacheTtlMs: a revoked key is refused here at once, and on other instances at it', async () => {
    const { id, key } = (await order({ userId: 'dave', role: 'user' })).body;
    expect((await plain(key)).status).toBe(200);
    expect((await plain(key, other)).status).toBe(200);
    const revoke = (): Promise<Answer> => call(`${server.url}/api/access/keys/${id}`, { method: 'DELETE', headers: bearer(adminKey) });
    expect((await revoke()).status).toBe(204);
    expect((await revoke()).status).toBe(204);
    expect((await plain(key)).status).toBe(401);
    expect((await plain(key, other)).status).toBe(200);
    await clock.advance(TTL_MS - 1);
    expect((await plain(key, other)).status).toBe(200);
    await clock.advance(1);
    expect((await plain(key, other)).status).toBe(401);
  });

  it('answers 404 for a key that does not exist, well-formed id or not', async () => {
    for (const id of [newId(), 'nonsense', '%00']) {
      const answer = await call(`${server.url}/api/access/keys/${id}`, { method: 'DELETE', headers: bearer(adminKey) });
      expect(answer.body.code).toBe('key_not_found');
    }
  });

  it('needs no query for a key in use, and writes its use once a minute', async () => {
    const { id, key } = (await order({ userId: 'erin', role: 'user' })).body;
    await plain(key);
    const usedAt = async (): Promise<number | undefined> => (await database.prisma.apiKey.findUniqueOrThrow({ where: { id } })).lastUsedAt?.getTime();
    const first = clock.now();
    await until(async () => (await usedAt()) === first);
    await database.prisma.apiKey.update({ where: { id }, data: { hash: 'gone' } }); // any further query would miss it
    await clock.advance(20_000);
    expect((await plain(key)).status).toBe(200);
    expect(await usedAt()).toBe(first);
    await database.prisma.apiKey.update({ where: { id }, data: { hash: createHash('sha256').update(key).digest('hex') } });
    await clock.advance(40_000);
    await plain(key);
    await until(async () => (await usedAt()) === first + 60_000);
  });

  it('has written the use of a key before it shuts down', async () => {
    const { id, key } = (await order({ userId: 'last', role: 'user' })).body;
    const leaving = await startAccessApp(database, clock, limits, { AUTH_MODE: 'api-key' });
    await plain(key, leaving);
    await leaving.close();
    expect((await database.prisma.apiKey.findUniqueOrThrow({ where: { id } })).lastUsedAt?.getTime()).toBe(clock.now());
  });

  it('auth.cacheSize: that many keys are remembered, the latest', async () => {
    const keys = await Promise.all(['frank', 'grace', 'heidi'].map(async (userId) => (await order({ userId, role: 'user' })).body));
    limits.change({ 'auth.cacheSize': 2 });
    for (const { key } of keys) await plain(key);
    await database.prisma.apiKey.updateMany({ where: { id: { in: keys.map(({ id }) => id) } }, data: { revokedAt: new Date(clock.now()) } });
    const statuses = [];
    for (const { key } of [...keys].reverse()) statuses.push((await plain(key)).status);
    expect(statuses).toEqual([200, 200, 401]);
    limits.change({ 'auth.cacheSize': 10_000 });
  });

  it('lists keys in pages, without anything that opens a door', async () => {
    const seen: string[] = [];
    let cursor = '';
    do {
      const { body, text } = await call(`${server.url}/api/access/keys?limit=3${cursor}`, { headers: bearer(adminKey) });
      expect(text).not.toMatch(/hash|lomu_[\w-]{20}/);
      seen.push(...body.items.map(({ id }) => id));
      cursor = body.nextCursor ? `&cursor=${body.nextCursor}` : '';
    } while (cursor);
    expect(seen.length).toBe(await database.prisma.apiKey.count());
    expect(new Set(seen).size).toBe(seen.length);
  });

  it.each([
    [{ role: 'user' }, 'userId'],
    [{ userId: 'a b', role: 'user' }, 'userId'],
    [{ userId: 'nul\u0000', role: 'user' }, 'userId'],
    [{ userId: 'a', role: 'owner' }, 'role'],
    [{ userId: 'a', role: 'user', scopes: ['everything'] }, 'scopes'],
    [{ userId: 'a', role: 'user', expiresAt: '2020-01-01T00:00:00Z' }, 'expiresAt'],
    [{ userId: 'a', role: 'user', expiresAt: 'tomorrow' }, 'expiresAt'],
    [{ userId: 'a', role: 'user', admin: true }, 'admin'],
  ])('refuses %j', async (body, field) => {
    const before = await database.prisma.apiKey.count();
    const answer = await order(body);
    expect(answer.status).toBe(422);
    expect(answer.body.detail).toContain(field);
    expect(await database.prisma.apiKey.count()).toBe(before);
  });

  describe('Idempotency-Key', () => {
    const withKey = (key: string): Record<string, string> => ({ ...bearer(adminKey), 'idempotency-key': key });

    it('makes one key for one Idempotency-Key, and says that it is not shown again', async () => {
      const first = await order({ userId: 'ivan', role: 'user' }, withKey('once'));
      const again = await order({ userId: 'ivan', role: 'user' }, withKey('once'));
      expect(again.status).toBe(409);
      expect(again.body).toMatchObject({ code: 'already_exists', id: first.body.id });
      expect(again.text).not.toContain(first.body.key);
      const record = await database.prisma.idempotencyRecord.findFirstOrThrow({ where: { key: 'once' } });
      expect(JSON.stringify(record)).not.toContain(first.body.key);
      expect((await order({ userId: 'ivan', role: 'admin' }, withKey('once'))).body.code).toBe('idempotency_mismatch');
    });

    it('makes one key when equal requests come together', async () => {
      const answers = await Promise.all(Array.from({ length: 5 }, () => order({ userId: 'judy', role: 'user' }, withKey('together'))));
      expect(answers.map(({ status }) => status).sort()).toEqual([201, 409, 409, 409, 409]);
      expect(await database.prisma.apiKey.count({ where: { accountId: 'judy' } })).toBe(1);
    });
  });

  describe('stream tickets', () => {
    const runId = newId();
    const events = (run: string, ticket: string): Promise<Answer> => call(`${server.url}/probe/runs/${run}/events?ticket=${ticket}`);
    const tickets = (): StreamTickets => server.app.get(StreamTickets);

    it('open the events of their run alone, to their user without further rights', async () => {
      const ticket = tickets().issue('al|ice@example.org', runId);
      expect((await events(runId, ticket)).body).toEqual({ runId, userId: 'al|ice@example.org', role: 'user' });
      expect((await events(newId(), ticket)).status).toBe(401);
      expect((await call(`${server.url}/probe/runs/${runId}?ticket=${ticket}`)).status).toBe(401);
      expect((await call(`${server.url}/probe/runs/${runId}/events?ticket=${ticket}&ticket=${ticket}`)).status).toBe(401);
    });

    it('are accepted by every instance on the database', async () => {
      expect((await events(runId, other.app.get(StreamTickets).issue('alice', runId))).status).toBe(200);
    });

    it('stream.ticketTtlMs: they open until it and no longer', async () => {
      const ticket = tickets().issue('alice', runId);
      await clock.advance(limits.value('stream.ticketTtlMs') - 1);
      expect((await events(runId, ticket)).status).toBe(200);
      await clock.advance(1);
      expect((await events(runId, ticket)).status).toBe(401);
    });

    it('cannot be altered', async () => {
      const [expiry, user, mac] = tickets().issue('alice', runId).split('.') as [string, string, string];
      const forged = [`${(clock.now() + 1e9).toString(36)}.${user}.${mac}`, `${expiry}.${Buffer.from('root').toString('base64url')}.${mac}`, `${expiry}.${user}.`, `${expiry}.${user}`, `${expiry}.${user}.${mac}.x`, '..', ''];
      for (const ticket of forged) expect((await events(runId, ticket)).status).toBe(401);
    });
  });

  it('takes the control token only from this machine', async () => {
    const control = bearer(server.app.get(ControlToken).value);
    expect((await call(`${server.url}/probe/admin`, { headers: control })).status).toBe(200);
    expect((await call(`${server.url}/probe/admin`, { headers: { ...control, 'x-forwarded-for': '203.0.113.9' } })).status).toBe(401);
    expect((await call(`${other.url}/probe/admin`, { headers: control })).status).toBe(401);
  });
});

async function until(condition: () => Promise<boolean>): Promise<void> {
  for (let attempt = 0; attempt < 100; attempt++) {
    if (await condition()) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error('The condition did not come true within a second.');
}
