import { type GeminiEmulator, startGeminiEmulator, turn } from '../../support/gemini-emulator/index.js';
import { redisUrl } from '../../support/redis/test-redis.js';
import { ThrowAwayRedis } from '../../support/redis/throw-away-redis.js';
import { startTestApp, type TestApp } from '../../support/test-app.js';

/** Where a redis-server can be started, there is one to test with. */
const describeWithServer: (name: string, suite: () => void) => void = redisUrl ? describe : (name, suite) => describe.skip(`${name} (skipped: set TEST_REDIS_URL)`, suite);

describeWithServer('a Redis that goes away in the middle of a run', () => {
  let gemini: GeminiEmulator;
  let redis: ThrowAwayRedis;
  let lomu: TestApp;

  beforeAll(async () => {
    gemini = await startGeminiEmulator();
    redis = await ThrowAwayRedis.start();
    lomu = await startTestApp({ environment: { ...gemini.environment, REDIS_URL: redis.url, LIMIT_CHAT_MAX_CONCURRENT_RUNS_PER_INSTANCE: '2' } });
  });
  afterAll(async () => {
    await lomu.close();
    await redis.close();
    await gemini.close();
  });

  it('I1: ends no run; new ones are taken as long as this instance has room, and those after it as before', async () => {
    let goOn = (): void => undefined;
    const away = new Promise<void>((resolve) => (goOn = resolve));
    gemini.respondWith(async () => {
      await away;
      return turn().text('all the same');
    });
    const before = await start();
    await until(() => gemini.requests.length === 1);
    await redis.kill();
    await until(async () => (await lomu.client.get('/health/ready')).status === 503);

    const meanwhile = await start();
    expect(meanwhile.status).toBe(202);
    await until(() => gemini.requests.length === 2);
    expect(await start()).toMatchObject({ status: 503, body: { code: 'queue_full' } });
    goOn();
    for (const { body } of [before, meanwhile]) await until(async () => (await statusOf(body.runId)) === 'completed');

    await redis.start();
    await until(async () => (await lomu.client.get('/health/ready')).status === 200);
    const { terminal } = await lomu.client.run('And now?', { intent: 'analysis' });
    expect(terminal.data.message.text).toBe('all the same');
    const late = await lomu.client.events(before.body.eventsUrl).toTerminal(); // from the log, or from the rows where Redis has lost it
    expect(late.at(-1)).toMatchObject({ type: 'run.completed', data: { message: { text: 'all the same' } } });
  });

  function start() {
    return lomu.client.post('/api/chat/runs', { message: 'Tell me', intent: 'analysis' });
  }

  async function statusOf(runId: string): Promise<string> {
    return (await lomu.database.prisma.run.findUniqueOrThrow({ where: { id: runId } })).status;
  }

  async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
    for (const deadline = Date.now() + 15_000; !(await isSo()); await new Promise((resolve) => setTimeout(resolve, 20))) {
      if (Date.now() > deadline) throw new Error('Nothing came of it in 15 s.');
    }
  }
});
