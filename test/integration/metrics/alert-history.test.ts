import 'reflect-metadata';
import { createHmac } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Config } from '../../../src/config/index.js';
import { Logger } from '@nestjs/common';
import { AlertHistory } from '../../../src/metrics/alerts/alert-history.js';
import { AlertWatch } from '../../../src/metrics/alerts/alert-watch.js';
import { AlertWebhook } from '../../../src/metrics/alerts/alert-webhook.js';
import type { Limits } from '../../../src/limits/index.js';
import { createReportBench, before, type ReportBench } from './report-bench.js';
import { seedRuns } from './seed-runs.js';

const SECRET = 'a secret of some length';

interface Received {
  readonly delivery: string;
  readonly signature: string;
  readonly body: string;
}

/** Stands for whoever is told of alerts; answers with `status`, or not at all. */
class Receiver {
  readonly received: Received[] = [];
  status: number | 'silent' = 200;
  private readonly server: Server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      this.received.push({ delivery: String(request.headers['lomu-delivery']), signature: String(request.headers['lomu-signature']), body });
      if (this.status !== 'silent') response.writeHead(this.status).end();
    });
  });

  get states(): string[] {
    return this.received.map(({ body }) => (JSON.parse(body) as { alert: string; state: string }).state);
  }

  async listen(): Promise<string> {
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/alerts`;
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }
}

let bench: ReportBench;
let receiver: Receiver;
let history: AlertHistory;
let webhookUrl: string;

beforeAll(async () => {
  Logger.overrideLogger(false);
  bench = await createReportBench();
});
beforeEach(async () => {
  receiver = new Receiver();
  webhookUrl = await receiver.listen();
  history = new AlertHistory(bench.database.prisma, bench.clock);
});
afterEach(async () => {
  await receiver.close();
  await bench.clear();
  await bench.database.prisma.alertEpisode.deleteMany();
});
afterAll(() => bench.database.close());

/** What one instance does every half minute. */
function watch(url: string | null = webhookUrl): AlertWatch {
  const limits = { value: bench.limitOf } as unknown as Limits;
  const webhook = new AlertWebhook(bench.database.prisma, { alerts: { webhookUrl: url ?? undefined, webhookSecret: SECRET } } as Config, limits, bench.clock);
  return new AlertWatch(bench.alerts, history, webhook);
}
const fail = () => seedRuns(bench.database.prisma, Array.from({ length: 5 }, () => ({ finishedAt: before(60_000), status: 'failed' })));
const recover = () => bench.database.prisma.conversation.deleteMany();

it('an injected failure is on record within one evaluation and told once; its recovery resolves it and is told once', async () => {
  const instance = watch();
  expect(await instance.look(10)).toBe(0);
  await fail();
  expect(await instance.look(10)).toBe(1);
  expect(await instance.look(10)).toBe(0); // it still fires
  const { items } = await history.list({ limit: 10 });
  expect(items).toEqual([{ id: expect.any(String), alert: 'error_rate_high', severity: 'page', unit: 'percent', value: 100, threshold: 10, since: new Date(bench.clock.now()).toISOString(), resolvedAt: null }]);
  expect([...(await history.firingSince()).keys()]).toEqual(['error_rate_high']);

  await recover();
  expect(await instance.look(10)).toBe(1);
  expect(await instance.look(10)).toBe(0);
  expect((await history.list({ limit: 10 })).items[0]?.resolvedAt).toBe(new Date(bench.clock.now()).toISOString());
  expect(receiver.states).toEqual(['firing', 'resolved']);
});

it('is recorded and told once when two instances see it together', async () => {
  await fail();
  const changes = await Promise.all([watch(null).look(10), watch(null).look(10), watch(null).look(10)]);
  expect(changes.reduce((sum, count) => sum + count, 0)).toBe(1);
  await watch().look(10);
  await watch().look(10);
  expect(receiver.states).toEqual(['firing']);
});

it('is signed, so that its receiver can tell that it is ours', async () => {
  await fail();
  await watch().look(10);
  const [{ body, signature, delivery }] = receiver.received as [Received];
  const [, at, mac] = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(signature) ?? [];
  expect(mac).toBe(createHmac('sha256', SECRET).update(`${at}.${body}`).digest('hex'));
  expect(delivery).toMatch(/^[0-9a-f-]{36}$/);
  expect(JSON.parse(body)).toMatchObject({ state: 'firing', alert: 'error_rate_high', severity: 'page', advice: expect.stringContaining('errorCounts') });
});

it('alert.webhookRetryMs: what was not accepted is tried again after it, then after twice that, under the same delivery', async () => {
  bench.limits['alert.webhookRetryMs'] = 1_000;
  receiver.status = 503;
  await fail();
  const tries: number[] = [];
  for (const waitMs of [0, 999, 1, 1_999, 1]) {
    await bench.clock.advance(waitMs);
    await watch().look(10);
    tries.push(receiver.received.length);
  }
  expect(tries).toEqual([1, 1, 2, 2, 3]);
  expect(new Set(receiver.received.map(({ delivery }) => delivery)).size).toBe(1);
  receiver.status = 200;
  await bench.clock.advance(4_000);
  await watch().look(10);
  await bench.clock.advance(100_000);
  await watch().look(10);
  expect(receiver.received).toHaveLength(4); // accepted: never again
});

it('alert.webhookMaxAttempts: is tried that often and then given up', async () => {
  bench.limits['alert.webhookRetryMs'] = 10;
  bench.limits['alert.webhookMaxAttempts'] = 3;
  receiver.status = 500;
  await fail();
  for (let look = 0; look < 6; look++) {
    await watch().look(10);
    await bench.clock.advance(10_000);
  }
  expect(receiver.received).toHaveLength(3);
  expect(await bench.database.prisma.alertNotification.findFirstOrThrow()).toMatchObject({ attempts: 3, deliveredAt: null, lastError: 'it answered 500' });
});

it('alert.webhookTimeoutMs: a receiver that does not answer is left at it', async () => {
  bench.limits['alert.webhookTimeoutMs'] = 100;
  receiver.status = 'silent';
  await fail();
  const startedAt = performance.now();
  await watch().look(10);
  expect(performance.now() - startedAt).toBeGreaterThanOrEqual(99);
  expect(await bench.database.prisma.alertNotification.findFirstOrThrow()).toMatchObject({ attempts: 1, lastError: expect.stringMatching(/timeout/i) });
});

it('has nobody to tell without ALERT_WEBHOOK_URL, and remembers all the same', async () => {
  await fail();
  expect(await watch(null).look(10)).toBe(1);
  expect(receiver.received).toEqual([]);
  expect((await history.list({ limit: 10 })).items).toHaveLength(1);
});

it('retention.alertDays: what ended before it is deleted, what fires stays', async () => {
  const since = before(0);
  const ended = (id: string, resolvedAt: Date | null) => ({ id, alert: id, severity: 'page', unit: 'ms', value: 1, threshold: 0, since, resolvedAt });
  const ids = ['0', '1', '2'].map((digit) => `00000000-0000-7000-8000-00000000000${digit}`) as [string, string, string];
  await bench.database.prisma.alertEpisode.createMany({ data: [ended(ids[0], before(1_001)), ended(ids[1], before(1_000)), ended(ids[2], null)] });
  expect(await history.deleteEnded(before(1_000), 10)).toBe(1);
  expect((await history.list({ limit: 10 })).items.map(({ id }) => id).sort()).toEqual([ids[1], ids[2]]);
});
