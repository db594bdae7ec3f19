import pg from 'pg';
import { type GeminiEmulator, startGeminiEmulator, turn } from '../support/gemini-emulator/index.js';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { createTestWorkspace, type TestWorkspace } from '../support/test-workspace.js';

// Run by: TEST_DATABASE_URL=postgres://… npm test -- --testMatch '<rootDir>/test/bench/first-token.bench.ts'
// One message at a time, from its POST to the first text on an open stream; the model answers at once.
const WARM_UPS = 60;
const ROUNDS = 100;

interface Timings {
  readonly admittedMs: number;
  readonly firstByteOfModelMs: number;
  readonly startedMs: number;
  readonly firstTextMs: number;
}

let gemini: GeminiEmulator;
let workspace: TestWorkspace;
let lomu: TestApp;
let askedAtMs = 0;

beforeAll(async () => {
  gemini = await startGeminiEmulator();
  gemini.respondWith(() => {
    askedAtMs = performance.now();
    return turn().text('Hello.').usage({ prompt: 100, candidates: 5 });
  });
  workspace = await createTestWorkspace({ 'a.txt': 'a' });
  lomu = await startTestApp({ workspace, environment: { ...gemini.environment, SIGNUP_CREDITS: '1000000', LIMIT_MODEL_TOKENS_PER_MINUTE: '1000000000' } });
  for (let round = 0; round < WARM_UPS; round++) await time();
}, 120_000);

afterAll(async () => {
  await lomu.close();
  await gemini.close();
  await workspace.remove();
});

it('reaches the first text', async () => {
  const rounds: Timings[] = [];
  for (let round = 0; round < ROUNDS; round++) rounds.push(await time());
  report('POST → 202', rounds.map((round) => round.admittedMs));
  report('POST → the model is asked', rounds.map((round) => round.firstByteOfModelMs));
  report('POST → run.started at the client', rounds.map((round) => round.startedMs));
  report('POST → first text at the client', rounds.map((round) => round.firstTextMs));
}, 120_000);

it('asks the database few things on the way', async () => {
  const queries: string[] = [];
  const original = pg.Client.prototype.query;
  const recorded = function (this: pg.Client, ...parameters: unknown[]): unknown {
    const [first] = parameters as [string | { text?: string }];
    const text = typeof first === 'string' ? first : first?.text;
    if (text) queries.push(text.replaceAll(/\s+/g, ' ').slice(0, 110));
    return Reflect.apply(original, this, parameters);
  };
  Object.assign(pg.Client.prototype, { query: recorded });
  try {
    let asked = 0;
    gemini.respondWith(() => {
      asked = queries.length;
      askedAtMs = performance.now();
      return turn().text('Hello.').usage({ prompt: 100, candidates: 5 });
    });
    await time();
    process.stdout.write(`${queries.length} statements for a run of one model call\n`);
    process.stdout.write(`${asked} statements until the model is asked:\n${queries.slice(0, asked).join('\n')}\n`);
  } finally {
    Object.assign(pg.Client.prototype, { query: original });
  }
});

/** As a browser does: the stream is opened with the answer to the start. */
async function time(): Promise<Timings> {
  const beganAtMs = performance.now();
  const started = await lomu.client.post('/api/chat/runs', { message: 'hello', intent: 'casual' });
  const admittedMs = performance.now() - beganAtMs;
  const response = await fetch(new URL(started.body.eventsUrl as string, lomu.url));
  let startedMs = 0;
  let firstTextMs = 0;
  for await (const piece of response.body as unknown as AsyncIterable<Uint8Array>) {
    const text = Buffer.from(piece).toString();
    if (startedMs === 0 && text.includes('event: run.started')) startedMs = performance.now() - beganAtMs;
    if (firstTextMs === 0 && text.includes('event: text.delta')) firstTextMs = performance.now() - beganAtMs;
  }
  return { admittedMs, firstByteOfModelMs: askedAtMs - beganAtMs, startedMs, firstTextMs };
}

function report(name: string, valuesMs: number[]): void {
  const sorted = [...valuesMs].sort((a, b) => a - b);
  const at = (share: number): string => (sorted[Math.floor(share * (sorted.length - 1))] ?? 0).toFixed(1);
  process.stdout.write(`${name}: p50 ${at(0.5)} ms, p95 ${at(0.95)} ms, p99 ${at(0.99)} ms\n`);
}
