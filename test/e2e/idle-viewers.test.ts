import { rm } from 'node:fs/promises';
import { jest } from '@jest/globals';
import { prepareDataFolder } from '../support/database/prepared-data-folder.js';
import { type GeminiEmulator, startGeminiEmulator, turn } from '../support/gemini-emulator/index.js';
import { SERVER, type ServerProcess, startServerProcess } from '../support/server-process.js';
import { ViewerProcess } from '../support/streaming/viewer-process.js';

// For a minute: IDLE_HEARTBEATS=12 IDLE_HEARTBEAT_MS=5000
const HEARTBEATS = Number(process.env.IDLE_HEARTBEATS ?? 3);
const HEARTBEAT_MS = process.env.IDLE_HEARTBEAT_MS ?? '1000';
const VIEWERS = 2_000;
const MAX_BYTES_PER_VIEWER = 20_000;

jest.setTimeout(180_000);

interface MemoryInUse {
  /** JavaScript heap and what it holds outside, in bytes. */
  readonly heap: number;
  readonly rss: number;
}

/** The server as in production, in a process that does nothing else; the viewers are another. */
describe(`${VIEWERS} idle viewers on one instance`, () => {
  let gemini: GeminiEmulator;
  let dataDir: string;
  let server: ServerProcess;
  let viewers: ViewerProcess;

  beforeAll(async () => {
    gemini = await startGeminiEmulator();
    dataDir = await prepareDataFolder('lomu-viewers-');
    const patience = { LIMIT_MODEL_IDLE_TIMEOUT_MS: '600000', LIMIT_ITERATION_TIMEOUT_MS: '600000' };
    const environment = { ...gemini.environment, ...patience, DATA_DIR: dataDir, LIMIT_STREAM_MAX_PER_USER: '10000', LIMIT_STREAM_HEARTBEAT_MS: HEARTBEAT_MS };
    server = await startServerProcess(environment, ['--import', new URL('../support/heap-report.mjs', import.meta.url).href, ...SERVER]);
    viewers = new ViewerProcess();
  });
  afterAll(async () => {
    viewers.close();
    await server.end('SIGKILL');
    await gemini.close();
    await rm(dataDir, { recursive: true, force: true });
  });

  it(`get every heartbeat, and take at most ${MAX_BYTES_PER_VIEWER} bytes each`, async () => {
    gemini.script([turn().text('It goes on. ').stall()]);
    const { body: run } = await server.client.post('/api/chat/runs', { message: 'Go on', intent: 'refactor' });
    const stream = server.client.events(run.eventsUrl);
    await stream.next((event) => event.type === 'text.delta');
    stream.close();
    const port = Number(new URL(server.url).port);
    await warmUp(port, run.runId);

    const before = await memoryInUse();
    await viewers.open(port, Array<string>(VIEWERS).fill(run.runId));
    const after = await memoryInUse();
    const perViewer = (key: 'heap' | 'rss'): number => Math.round((after[key] - before[key]) / VIEWERS);
    process.stdout.write(`${VIEWERS} idle viewers: ${perViewer('heap')} bytes of heap each, ${perViewer('rss')} of RSS\n`);

    await viewers.haveHeartbeats(HEARTBEATS);
    const ended = viewers.ended();
    expect((await server.client.post(`/api/chat/runs/${run.runId}/cancel`)).status).toBe(202);
    expect((await ended).fewestHeartbeats).toBeGreaterThanOrEqual(HEARTBEATS);
    expect(Math.max(perViewer('heap'), perViewer('rss'))).toBeLessThanOrEqual(MAX_BYTES_PER_VIEWER);
  });

  /** What is made once, compiled code above all, is not theirs. */
  async function warmUp(port: number, runId: string): Promise<void> {
    const passers = new ViewerProcess();
    await passers.open(port, Array<string>(VIEWERS).fill(runId));
    passers.close();
    while (!/^lomu_streams_active 0$/m.test((await server.client.get('/metrics')).body as string)) await new Promise((resolve) => setTimeout(resolve, 100));
  }

  async function memoryInUse(): Promise<MemoryInUse> {
    const known = server.output().length;
    process.kill(server.pid, 'SIGCONT');
    for (;;) {
      const report = /\{"memoryInUse":(\{.*?\})\}/.exec(server.output().slice(known))?.[1];
      if (report) return JSON.parse(report) as MemoryInUse;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
});
