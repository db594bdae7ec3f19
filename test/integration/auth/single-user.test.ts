import { FakeClock } from '../../support/fake-clock.js';
import { type AccessApp, startAccessApp } from '../../support/auth/access-app.js';
import { call } from '../../support/auth/call.js';
import { FixedLimits } from '../../support/streaming/fixed-limits.js';
import { createTestDatabase, type TestDatabase } from '../../support/test-database.js';

describe('AUTH_MODE=single-user', () => {
  let database: TestDatabase;
  let server: AccessApp;

  beforeAll(async () => {
    database = await createTestDatabase();
    server = await startAccessApp(database, new FakeClock(), new FixedLimits(), {});
  });

  afterAll(async () => {
    await server.close();
    await database.close();
  });

  it('makes every loopback request the local admin, whatever credential it carries', async () => {
    for (const headers of [undefined, { authorization: 'Bearer not-needed' }]) {
      const answer = await call(`${server.url}/probe/plain`, { headers });
      expect(answer.body).toEqual({ userId: 'local', role: 'admin', plan: 'free', scopes: [] });
    }
    expect(await database.prisma.account.count({ where: { id: 'local' } })).toBe(1);
  });

  it.each([
    ['a rebound name', 'GET', { host: 'evil.example:3000' }],
    ['a name that only begins like ours', 'GET', { host: '127.0.0.1.evil.example' }],
    ['a proxy on this machine that serves others', 'GET', { 'x-forwarded-for': '203.0.113.9' }],
    ['a proxy that says so the new way', 'GET', { forwarded: 'for=203.0.113.9;proto=https' }],
    ['a foreign page that posts', 'POST', { origin: 'https://evil.example' }],
    ['a sandboxed page that posts', 'POST', { origin: 'null' }],
    ['a foreign page that loads without an origin', 'GET', { 'sec-fetch-site': 'cross-site' }],
  ])('refuses %s', async (_what, method, headers) => {
    const answer = await call(`${server.url}/probe/${method === 'POST' ? 'things' : 'plain'}`, { method, headers, body: method === 'POST' ? { name: 'a' } : undefined });
    expect(answer.status).toBe(401);
    expect(answer.body.code).toBe('unauthenticated');
    expect(answer.headers['www-authenticate']).toBe('Bearer');
  });

  it.each([
    ['localhost', { host: 'localhost:3000' }],
    ['IPv6 loopback', { host: '[::1]:3000' }],
    ['a page of this machine on another port', { origin: 'http://localhost:5173', 'sec-fetch-site': 'cross-site' }],
    ['a development proxy of this machine', { 'x-forwarded-for': '::ffff:127.0.0.1', 'x-forwarded-host': 'localhost:5173' }],
  ])('serves %s', async (_what, headers) => {
    expect((await call(`${server.url}/probe/things`, { method: 'POST', headers, body: { name: 'a' } })).status).toBe(201);
  });

  it('answers 404 for a route that does not exist and lets anyone see a public one', async () => {
    expect((await call(`${server.url}/nowhere`)).body.code).toBe('route_not_found');
    expect((await call(`${server.url}/probe/public`, { headers: { host: 'evil.example' } })).status).toBe(200);
  });
});
