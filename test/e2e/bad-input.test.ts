import { startTestApp, type TestApp } from '../support/test-app.js';

let lomu: TestApp;
beforeAll(async () => {
  lomu = await startTestApp();
  await lomu.client.get('/api/billing/balance');
});
afterAll(() => lomu.close());

async function everything(): Promise<number[]> {
  const { prisma } = lomu.database;
  return Promise.all([prisma.run.count(), prisma.conversation.count(), prisma.message.count(), prisma.creditHold.count(), prisma.idempotencyRecord.count(), prisma.conversationSession.count()]);
}

describe('bad input is refused with a reason, and leaves nothing behind', () => {
  const unknownId = '019f0000-0000-7000-8000-000000000000';
  it.each([
    ['unknown fields', { message: 'hi', mesage: 'typo' }, 422, 'validation_failed', 'mesage'],
    ['a wrong type', { message: 42 }, 422, 'validation_failed', 'message'],
    ['an empty message', { message: '   ' }, 422, 'validation_failed', 'message'],
    ['no message', {}, 422, 'validation_failed', 'message'],
    ['a wrong enum', { message: 'hi', onBusy: 'explode' }, 422, 'validation_failed', 'onBusy'],
    ['an id that is none', { message: 'hi', conversationId: '../../etc' }, 422, 'validation_failed', 'conversationId'],
    ['an unknown conversation', { message: 'hi', conversationId: unknownId }, 404, 'conversation_not_found', unknownId],
    ['an unknown project', { message: 'hi', projectId: unknownId }, 404, 'project_not_found', unknownId],
    ['an unknown model', { message: 'hi', model: 'acme/genius-9' }, 422, 'unknown_model', 'offline/planner'],
    ['a message over the limit', { message: 'x'.repeat(300 * 1024) }, 413, 'payload_too_large', '262144'],
    ['a message of 5 MB', { message: 'x'.repeat(5 * 1024 * 1024) }, 413, 'payload_too_large', 'larger'],
  ])('%s', async (_, body, status, code, mentioned) => {
    const before = await everything();
    const answer = await lomu.client.post('/api/chat/runs', body, { 'idempotency-key': 'bad-input' });
    expect(answer.status).toBe(status);
    expect(answer.headers.get('content-type')).toContain('application/problem+json');
    expect(answer.body).toMatchObject({ status, code, title: expect.any(String), requestId: expect.any(String) });
    expect(answer.body.detail).toContain(mentioned);
    expect(JSON.stringify(answer.body)).not.toMatch(/\bat .*:\d+:\d+/);
    expect(await everything()).toEqual(before);
  });

  it.each([
    ['broken JSON', '{"message": "hi', 'malformed_json'],
    ['JSON that is no object', '"hi"', 'malformed_json'],
  ])('%s', async (_, body, code) => {
    const answer = await lomu.client.post('/api/chat/runs', body);
    expect([400, 422]).toContain(answer.status);
    expect(answer.body.code).toBe(code);
  });

  it('an unknown route and an unknown run', async () => {
    expect((await lomu.client.get('/api/nowhere')).body).toMatchObject({ status: 404, code: 'route_not_found' });
    expect((await lomu.client.get(`/api/chat/runs/${unknownId}`)).body).toMatchObject({ status: 404, code: 'run_not_found' });
    for (const id of [unknownId, 'no-id-at-all']) expect((await lomu.client.get(`/api/chat/runs/${id}/events`)).body).toMatchObject({ status: 404, code: 'run_not_found' });
    expect((await lomu.client.post(`/api/chat/runs/${unknownId}/cancel`)).body).toMatchObject({ status: 404, code: 'run_not_found' });
  });

  it('too few credits: 402 says what is missing', async () => {
    const { prisma } = lomu.database;
    const { postedNanoUsd } = await prisma.creditAccount.findUniqueOrThrow({ where: { userId: 'local' } });
    await prisma.creditAccount.update({ where: { userId: 'local' }, data: { postedNanoUsd: 10n } });
    try {
      const before = await everything();
      const answer = await lomu.client.post('/api/chat/runs', { message: 'Find every TODO' });
      expect(answer.body).toMatchObject({ status: 402, code: 'insufficient_credits', missingCredits: expect.any(Number) });
      expect(await everything()).toEqual(before);
    } finally {
      await prisma.creditAccount.update({ where: { userId: 'local' }, data: { postedNanoUsd } });
    }
  });
});

describe('an Idempotency-Key', () => {
  it('starts one run for equal requests, also when they race, and refuses another body', async () => {
    const start = () => lomu.client.post('/api/chat/runs', { message: 'List the files' }, { 'idempotency-key': 'once' });
    const answers = await Promise.all([start(), start(), start()]);
    const late = await start();
    const runIds = new Set([...answers, late].map((answer) => answer.body.runId));
    expect([...answers, late].map((answer) => answer.status)).toEqual([202, 202, 202, 202]);
    expect(runIds.size).toBe(1);
    const other = await lomu.client.post('/api/chat/runs', { message: 'Something else' }, { 'idempotency-key': 'once' });
    expect(other.body).toMatchObject({ status: 409, code: 'idempotency_mismatch' });
    await lomu.client.events(answers[0]?.body.eventsUrl).toTerminal();
  });
});
