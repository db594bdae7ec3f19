import { EventSource } from 'eventsource';
import { FakeClock } from '../../support/fake-clock.js';
import { completed, delta, recordedRun, started } from '../../support/streaming/sample-events.js';
import { createStreamingApp, type StreamingApp } from '../../support/streaming/streaming-app.js';

const EVENT_TYPES = [...new Set(recordedRun().map(({ type }) => type)), 'run.snapshot', 'message', 'error'];

describe('the eventsource client, unmodified', () => {
  let server: StreamingApp;
  let clock: FakeClock;

  beforeAll(async () => {
    clock = new FakeClock();
    server = await createStreamingApp({ clock, limits: { 'stream.maxRetryMs': 500 } });
  });
  afterAll(async () => {
    await server.close();
  });

  it('receives a run, reconnects when that has ended, and then stops', async () => {
    await server.startRun('whole', ...recordedRun());
    const client = new Client(server.port, 'whole');
    await client.until(() => client.received.length === recordedRun().length);
    expect(client.received).toEqual(recordedRun().map(({ type }, index) => `${index + 1} ${type}`));
    client.source.close();
  });

  it('is rotated and cut off without noticing more than a pause: no gap, no repeat, no event that never was', async () => {
    const writer = await server.startRun('rotated', started(), delta('a'));
    const client = new Client(server.port, 'rotated');
    await client.until(() => client.received.length === 2);

    const openBefore = Date.now();
    await clock.advance(server.limits.value('stream.maxDurationMs'));
    writer.append(delta('while nobody watches'));
    await client.until(() => client.received.length === 3);
    expect(Date.now() - openBefore).toBeLessThan(2_000); // its own default is 3 s: the server's retry was honoured

    server.app.getHttpServer().closeAllConnections(); // not an end in good order: the network
    writer.append(completed());
    await client.until(() => client.received.length === 4);
    expect(client.received).toEqual(['1 run.started', '2 text.delta', '3 text.delta', '4 run.completed']);
    expect(await server.metrics.expose()).toContain('lomu_streams_closed_total{reason="rotated"} 1');

    await client.until(() => client.source.readyState === EventSource.CLOSED); // by the 204
    expect(client.received).toHaveLength(4);
  });

  it('is rotated before it has seen any event, too', async () => {
    const writer = await server.startRun('early');
    const client = new Client(server.port, 'early');
    await client.until(() => client.source.readyState === EventSource.OPEN);
    await clock.advance(server.limits.value('stream.maxDurationMs'));
    writer.append(started());
    writer.append(completed());
    await client.until(() => client.received.length === 2);
    expect(client.received).toEqual(['1 run.started', '2 run.completed']);
    client.source.close();
  });
});

/** Everything an EventSource is given, in order. */
class Client {
  readonly source: EventSource;
  readonly received: string[] = [];

  constructor(port: number, runId: string) {
    this.source = new EventSource(`http://127.0.0.1:${port}/api/chat/runs/${runId}/events`);
    for (const type of EVENT_TYPES) {
      this.source.addEventListener(type, (event) => {
        if ('data' in event) this.received.push(`${event.lastEventId} ${event.type}`);
      });
    }
  }

  async until(condition: () => boolean): Promise<void> {
    for (let tries = 0; tries < 1_000 && !condition(); tries++) await new Promise((resolve) => setTimeout(resolve, 5));
    if (!condition()) throw new Error(`The client never got there. It has: ${this.received.join(', ')}`);
  }
}
