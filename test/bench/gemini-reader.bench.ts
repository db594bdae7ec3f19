import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { GoogleGenerativeAI } from '@google/generative-ai';
import { generate, requestOf } from '../support/models/generate.js';
import { geminiAt, type GeminiUnderTest } from '../support/models/gemini-under-test.js';

// Run by: npm test -- --testMatch '<rootDir>/test/bench/gemini-reader.bench.ts'
// Figures are CPU time (user and system) of this process per streamed chunk; the provider is another process.
const CONCURRENT = 50;
const BURST_ROUNDS = 20;
const WARM_UP_ROUNDS = 10;
const MODEL = 'gemini-3.6-flash';

type Workload = 'burst' | 'paced';
type Reader = (workload: Workload) => Promise<void>;

let provider: ChildProcess;
let gemini: GeminiUnderTest;
let sdk: GoogleGenerativeAI;
let endpoint: { baseUrl: string; apiKey: string; chunks: number };

beforeAll(async () => {
  provider = fork(new URL('./gemini-provider.mjs', import.meta.url).pathname, { execArgv: [] });
  [endpoint] = (await once(provider, 'message')) as [typeof endpoint];
  gemini = geminiAt(endpoint.baseUrl, endpoint.apiKey);
  sdk = new GoogleGenerativeAI(endpoint.apiKey);
});
afterAll(() => {
  gemini.close();
  provider.kill();
});

/** The whole adapter: parts kept, usage read, deltas delivered. */
const own: Reader = async (workload) => {
  const { error } = await generate(gemini.model(), requestOf(workload));
  if (error) throw new Error('The reader failed.', { cause: error });
};

/** The SDK's stream alone, with nothing done to its chunks but reading their text. */
const viaSdk: Reader = async (workload) => {
  const { stream, response } = await sdk.getGenerativeModel({ model: MODEL }, { baseUrl: endpoint.baseUrl }).generateContentStream(workload);
  response.catch(() => undefined);
  let length = 0;
  for await (const chunk of stream) length += chunk.text().length;
  if (length === 0) throw new Error('The SDK delivered nothing.');
};

it('burst: all chunks of an answer at once', async () => {
  for (let round = 0; round < WARM_UP_ROUNDS; round++) await together(own, 'burst').then(() => together(viaSdk, 'burst'));
  const [ours, theirs]: [number[], number[]] = [[], []];
  for (let round = 0; round < BURST_ROUNDS; round++) {
    ours.push(await cpuPerChunk(own, 'burst'));
    theirs.push(await cpuPerChunk(viaSdk, 'burst'));
  }
  report('burst', median(ours), median(theirs));
}, 120_000);

it('paced: one chunk every 20 ms', async () => {
  const ours = [await cpuPerChunk(own, 'paced'), await cpuPerChunk(own, 'paced')];
  const theirs = [await cpuPerChunk(viaSdk, 'paced'), await cpuPerChunk(viaSdk, 'paced')];
  report('paced', Math.min(...ours), Math.min(...theirs));
}, 120_000);

async function together(read: Reader, workload: Workload): Promise<void> {
  const stepMs = workload === 'paced' ? 20 / CONCURRENT : 0;
  await Promise.all(
    Array.from({ length: CONCURRENT }, async (_, index) => {
      if (stepMs > 0) await new Promise((resolve) => setTimeout(resolve, index * stepMs));
      await read(workload);
    }),
  );
}

async function cpuPerChunk(read: Reader, workload: Workload): Promise<number> {
  const before = process.cpuUsage();
  await together(read, workload);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / (CONCURRENT * endpoint.chunks);
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}

function report(workload: Workload, ours: number, theirs: number): void {
  process.stdout.write(`${workload}: own reader ${ours.toFixed(1)} µs per chunk, SDK stream ${theirs.toFixed(1)} µs, ratio ${(ours / theirs).toFixed(2)}\n`);
  expect(ours).toBeLessThan(theirs);
}
