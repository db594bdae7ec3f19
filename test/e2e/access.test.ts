import { ControlToken } from '../../src/auth/index.js';
import type { HttpClient } from '../support/http-client.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

let lomu: TestApp;
let admin: HttpClient;
let alice: HttpClient;
let bob: HttpClient;

beforeAll(async () => {
  lomu = await startTestApp({ environment: { AUTH_MODE: 'api-key' } });
  admin = lomu.client.withToken(lomu.app.get(ControlToken).value);
  alice = await keyFor('alice');
  bob = await keyFor('bob');
});
afterAll(() => lomu.close());

async function keyFor(userId: string, scopes?: string[]): Promise<HttpClient> {
  const { status, body } = await admin.post('/api/access/keys', { userId, role: 'user', ...(scopes ? { scopes } : {}) });
  expect(status).toBe(201);
  return lomu.client.withToken(body.key);
}

describe('without a key', () => {
  it.each(['/api/chat/conversations', '/api/billing/balance', '/api/limits', '/api/projects', '/api/access/keys', '/api/metrics', '/api/failures', '/api/maintenance/jobs', '/api/chat/stream-check'])(
    '%s answers 401',
    async (path) => {
      const { status, body } = await lomu.client.get(path);
      expect({ status, code: body.code }).toEqual({ status: 401, code: 'unauthenticated' });
    },
  );

  it('only the pages, the health and the documents are there', async () => {
    for (const path of ['/', '/assets/chat.js', '/health/live', '/health/ready', '/docs/openapi.json']) expect((await lomu.client.get(path)).status).toBe(200);
  });
});

describe("another user's things are as if they did not exist", () => {
  it('runs, their events, conversations, messages and projects', async () => {
    const { started } = await alice.run('List the files');
    const { body: project } = await alice.post('/api/projects', { name: 'secret' });
    const paths = [
      `/api/chat/runs/${started.runId}`,
      `/api/chat/runs/${started.runId}/events`,
      `/api/chat/conversations/${started.conversationId}`,
      `/api/chat/conversations/${started.conversationId}/messages`,
    ];
    for (const path of paths) {
      expect((await bob.get(path)).status).toBe(404);
      if (!path.endsWith('/events')) expect((await alice.get(path)).status).toBe(200);
    }
    expect((await bob.post(`/api/chat/runs/${started.runId}/cancel`)).status).toBe(404);
    expect((await bob.delete(`/api/chat/conversations/${started.conversationId}`)).status).toBe(404);
    expect((await bob.delete(`/api/projects/${project.id}`)).status).toBe(404);
    expect((await bob.post('/api/chat/runs', { message: 'hi', conversationId: started.conversationId })).status).toBe(404);
    expect((await bob.post('/api/chat/runs', { message: 'hi', projectId: project.id })).status).toBe(404);
    expect((await bob.get('/api/chat/conversations')).body.items).toEqual([]);
    expect((await alice.get('/api/chat/conversations')).body.items).toHaveLength(1);
    // The admin is another user too: rights over settings are no rights over people's talk.
    expect((await admin.get(`/api/chat/conversations/${started.conversationId}`)).status).toBe(404);
  });

  it('a ticket opens one run, to a client without a key', async () => {
    const { started: first } = await alice.run('hello');
    const { started: second } = await alice.run('hello again');
    const ticket = new URL(first.eventsUrl, lomu.url).searchParams.get('ticket');
    expect((await lomu.client.events(first.eventsUrl).toTerminal()).at(-1)?.type).toBe('run.completed');
    expect((await lomu.client.get(`/api/chat/runs/${second.runId}/events?ticket=${ticket}`)).status).toBe(401);
    expect((await lomu.client.get(`/api/chat/runs/${first.runId}?ticket=${ticket}`)).status).toBe(401);
  });
});

describe('rights', () => {
  it('users administrate nothing', async () => {
    expect((await alice.post('/api/billing/grants', { userId: 'alice', credits: 1_000, reason: 'please' })).status).toBe(403);
    expect((await alice.put('/api/limits/chat.maxQueued', { value: 1, reason: 'no' })).status).toBe(403);
    expect((await alice.post('/api/access/keys', { userId: 'alice', role: 'admin' })).status).toBe(403);
    expect((await alice.get('/api/maintenance/jobs')).status).toBe(403);
  });

  it('a key limited to a scope does only that', async () => {
    const billingOnly = await keyFor('alice', ['billing']);
    expect((await billingOnly.get('/api/billing/balance')).status).toBe(200);
    expect((await billingOnly.post('/api/chat/runs', { message: 'hi' })).status).toBe(403);
    const chatOnly = await keyFor('alice', ['chat']);
    expect((await chatOnly.run('hello')).terminal.type).toBe('run.completed');
    expect((await chatOnly.get('/api/billing/ledger')).status).toBe(403);
  });

  it('grants reach the ledger once, however often they are sent', async () => {
    const grant = () => admin.post('/api/billing/grants', { userId: 'carol', credits: 250, reason: 'welcome' }, { 'idempotency-key': 'welcome-carol' });
    const [first, second] = [await grant(), await grant()];
    expect(second.body).toEqual(first.body);
    const carol = await keyFor('carol');
    const { body } = await carol.get('/api/billing/ledger');
    expect(body.items.filter((entry: { reason: string }) => entry.reason === 'welcome')).toHaveLength(1);
  });
});
