import { startQuietApp } from '../../support/chat/quiet-app.js';
import type { TestApp } from '../../support/test-app.js';

describe('live figures', () => {
  let lomu: TestApp;
  beforeAll(async () => {
    lomu = await startQuietApp({ environment: { LIMIT_METRICS_MAX_LIVE_VIEWERS: '2', LIMIT_METRICS_LIVE_INTERVAL_MS: '100' } });
  });
  afterAll(() => lomu.close());

  const watch = async (signal: AbortSignal) => fetch(`${lomu.url}/api/metrics/live?hours=1`, { signal });

  it('metrics.maxLiveViewers: that many may watch, one more is refused, and one that left makes room', async () => {
    const stops = [new AbortController(), new AbortController(), new AbortController()] as const;
    expect((await watch(stops[0].signal)).status).toBe(200);
    expect((await watch(stops[1].signal)).status).toBe(200);
    const refused = await watch(stops[2].signal);
    expect([refused.status, ((await refused.json()) as { code: string }).code]).toEqual([503, 'streams_full']);
    stops[0].abort();
    let status = 0;
    for (let tries = 0; tries < 100 && status !== 200; tries++) ({ status } = await watch(stops[2].signal));
    expect(status).toBe(200);
    for (const stop of stops) stop.abort();
  });

  it('metrics.liveIntervalMs: one update after the other, each with the figures and their change', async () => {
    const stop = new AbortController();
    let answer = await watch(stop.signal);
    for (let tries = 0; tries < 100 && answer.status !== 200; tries++) answer = await watch(stop.signal);
    const startedAt = performance.now();
    let text = '';
    for await (const chunk of answer.body as unknown as AsyncIterable<Uint8Array>) {
      text += Buffer.from(chunk).toString();
      if (text.split('event: figures').length > 4) break;
    }
    stop.abort();
    expect(performance.now() - startedAt).toBeGreaterThan(250); // three intervals between four updates
    expect(text).toContain('"totalRequests":0');
    expect(text).toContain('"change":{');
  });
});
