import type { Browser, Page } from 'playwright-core';
import { describeInBrowser, launchBrowser } from '../../support/browser.js';
import { FakeClock } from '../../support/fake-clock.js';
import { completed, delta, started } from '../../support/streaming/sample-events.js';
import { createStreamingApp, type StreamingApp } from '../../support/streaming/streaming-app.js';

const EVENT_TYPES = ['run.started', 'text.delta', 'run.completed', 'message'];

describeInBrowser("Chromium's EventSource", () => {
  let browser: Browser;
  let page: Page;
  let clock: FakeClock;
  let server: StreamingApp;

  beforeAll(async () => {
    clock = new FakeClock();
    server = await createStreamingApp({ clock, limits: { 'stream.maxRetryMs': 500 } });
    browser = await launchBrowser();
    page = await browser.newPage();
    await page.goto(`http://127.0.0.1:${server.port}/`); // any answer: what counts is the origin
  });
  afterAll(async () => {
    await browser.close();
    await server.close();
  });

  it('is rotated and cut off without gap, repeat or an event that never was, keeps its cursor, and stops at the end', async () => {
    const writer = await server.startRun('rotated', started(), delta('a'));
    await page.evaluate(watchRun, { runId: 'rotated', types: EVENT_TYPES });
    await seen(2);

    await clock.advance(server.limits.value('stream.maxDurationMs'));
    writer.append(delta('while nobody watches'));
    await seen(3);
    await clock.advance(server.limits.value('stream.maxDurationMs')); // and again, right after an event
    writer.append(delta('b'));
    await seen(4);
    cutAll(); // not an end in good order: the network
    writer.append(completed());
    await seen(5);

    await page.waitForFunction(() => window.source.readyState === EventSource.CLOSED); // by the 204
    expect(await page.evaluate(() => window.received)).toEqual(['1 run.started', '2 text.delta', '3 text.delta', '4 text.delta', '5 run.completed']);
  });

  function cutAll(): void {
    server.app.getHttpServer().closeAllConnections();
  }

  async function seen(count: number): Promise<void> {
    await page.waitForFunction((wanted) => window.received.length >= wanted, count, { timeout: 5_000 });
  }
});

/** What the page keeps for the test. */
interface Watching {
  source: { readonly readyState: number };
  received: string[];
}
declare const window: Watching;
declare const EventSource: {
  new (url: string): Watching['source'] & { addEventListener(type: string, listener: (event: { lastEventId: string; type: string }) => void): void };
  readonly CLOSED: number;
};

/** Runs in the page. */
function watchRun({ runId, types }: { runId: string; types: string[] }): void {
  const source = new EventSource(`/api/chat/runs/${runId}/events`);
  const received: string[] = [];
  for (const type of types) source.addEventListener(type, (event) => received.push(`${event.lastEventId} ${event.type}`));
  Object.assign(window, { source, received });
}
