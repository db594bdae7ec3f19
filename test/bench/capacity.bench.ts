import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type GeminiEmulator, startGeminiEmulator, turn } from '../support/gemini-emulator/index.js';
import { createTestRedis, type TestRedis } from '../support/redis/test-redis.js';
import { ThrowAwayRedis } from '../support/redis/throw-away-redis.js';
import { cpuMsOf, residentMiBOf } from '../support/scale/process-usage.js';
import { type ServerProcess, startServerProcess } from '../support/server-process.js';
import { createPostgresqlDatabase, postgresqlUrl, type TestDatabase } from '../support/test-database.js';
import { createTestWorkspace, type TestWorkspace } from '../support/test-workspace.js';

// Run by: TEST_DATABASE_URL=postgres://… npm test -- --testMatch '<rootDir>/test/bench/capacity.bench.ts'
// What a run needs of the server, of PostgreSQL and of Redis: docs/SCALING.md and docs/DEPLOYMENT.md calculate from these figures.
// A run is three model calls: two ask for a tool, the third answers in CHUNKS pieces. The server is a process of its own, its model and its
// clients are this one. CPU is user and system time of the process, so that neighbours on the machine count for little.
const RUNS = Number(process.env.BENCH_RUNS ?? 300);
const WARM_UPS = 100;
const AT_A_TIME = 20;
const CHUNKS = 60;
const HELD = 300;
const WAIT_SECONDS = 20;
/** As it is deployed: from the sources its compiler would count as well. */
const BUILT = fileURLToPath(new URL('../../dist/main.js', import.meta.url));
const SERVER_NAME = 'measured';
const ENVIRONMENT = {
  SIGNUP_CREDITS: '100000000',
  LIMIT_MODEL_TOKENS_PER_MINUTE: '1000000000',
  LIMIT_CHAT_MAX_CONCURRENT_RUNS_PER_USER: '10000',
  LIMIT_CHAT_MAX_CONCURRENT_RUNS_PER_INSTANCE: '1000',
  LIMIT_STREAM_MAX_PER_USER: '10000',
  NODE_OPTIONS: `--import=${new URL('./collect-garbage.mjs', import.meta.url).href}`,
};

let gemini: GeminiEmulator;
let workspace: TestWorkspace;
let database: TestDatabase;
let redisServer: ThrowAwayRedis;
let redis: TestRedis;
let dataDir: string;
let server: ServerProcess;
let gate = newGate();

beforeAll(async () => {
  if (!postgresqlUrl) throw new Error('Set TEST_DATABASE_URL: this is about what instances share.');
  execFileSync(process.execPath, [fileURLToPath(new URL('../../.ci/build-if-stale.mjs', import.meta.url))], { stdio: 'inherit' });
  gate.open();
  gemini = await startGeminiEmulator({ maxRecordedCalls: 1 });
  gemini.respondWith(({ body }) => answerTo(body.contents.length));
  workspace = await createTestWorkspace({ 'a.txt': 'line\n'.repeat(50), 'src/b.ts': 'export const b = 1;\n' });
  dataDir = await mkdtemp(join(tmpdir(), 'lomu-capacity-'));
  database = await createPostgresqlDatabase(postgresqlUrl);
  redisServer = await ThrowAwayRedis.start(); // nobody else's work is counted
  redis = await createTestRedis(redisServer.url);
  server = await startServerProcess({ ...ENVIRONMENT, ...gemini.environment, ...redis.environment, DATA_DIR: dataDir, DEFAULT_WORKSPACE: workspace.path, DATABASE_URL: named(database.url as string) }, [BUILT]);
}, 300_000);

afterAll(async () => {
  await server?.end('SIGTERM');
  await gemini?.close();
  await redis?.close();
  await redisServer?.close();
  await database?.close();
  await workspace?.remove();
  await rm(dataDir, { recursive: true, force: true });
}, 60_000);

it('idles', async () => {
  const { residentMiB, heapMiB } = await memory();
  report('memory of an instance without work, resident', residentMiB, 'MiB');
  report('memory of an instance without work, JavaScript heap', heapMiB, 'MiB');
}, 60_000);

it('works', async () => {
  await inParallel(WARM_UPS, watchedRun);
  const before = await snapshot();
  const startedAt = performance.now();
  const events = await inParallel(RUNS, watchedRun);
  const seconds = (performance.now() - startedAt) / 1_000;
  const after = await snapshot();
  const perRun = (name: keyof typeof after): number => (after[name] - before[name]) / RUNS;
  report('runs, one viewer each', RUNS / seconds, `a second, ${AT_A_TIME} at a time`);
  report('events of a run', events.reduce((sum, count) => sum + count, 0) / RUNS, '');
  report('CPU of the instance', perRun('serverCpuMs'), 'ms per run');
  report('CPU of PostgreSQL', perRun('databaseCpuMs'), 'ms per run (0 when it is on another machine)');
  report('CPU of Redis', perRun('redisCpuMs'), 'ms per run');
  report('transactions', perRun('transactions'), 'per run');
  report('rows written', perRun('rowsWritten'), 'per run');
  report('disk of PostgreSQL', (perRun('databaseBytes') * 1_000) / 1_048_576, 'MiB per 1 000 runs');
  report('Redis', perRun('redisBytes') / 1_024, 'KiB per run, until its log is forgotten');
  report('connections to PostgreSQL', after.connections, 'of this instance');
  report('connections to Redis', after.redisConnections, 'of this instance');
}, 300_000);

it('holds runs that wait for their model', async () => {
  const before = await memory();
  gate = newGate();
  const eventsUrls = await inParallel(HELD, start);
  await gate.whenWaiting(HELD);
  const held = await memory();
  await waiting();
  const streams = eventsUrls.map((eventsUrl) => server.client.events(eventsUrl));
  await Promise.all(streams.map((stream) => stream.next(({ type }) => type === 'iteration.started', 60_000)));
  const watched = await memory();
  report('memory of a run at its model, resident', ((held.residentMiB - before.residentMiB) * 1_024) / HELD, 'KiB');
  report('memory of a run at its model, JavaScript heap', ((held.heapMiB - before.heapMiB) * 1_024) / HELD, 'KiB');
  report('more with a viewer, resident', ((watched.residentMiB - held.residentMiB) * 1_024) / HELD, 'KiB');
  report('more with a viewer, JavaScript heap', ((watched.heapMiB - held.heapMiB) * 1_024) / HELD, 'KiB');
  gate.open();
  await Promise.all(streams.map((stream) => stream.toTerminal(60_000)));
}, 120_000);

/** What runs need while nothing happens in them: their leases are renewed. */
async function waiting(): Promise<void> {
  const before = await snapshot();
  await new Promise((resolve) => setTimeout(resolve, WAIT_SECONDS * 1_000));
  const after = await snapshot();
  const perRunSecond = (name: keyof typeof after): number => (after[name] - before[name]) / (HELD * WAIT_SECONDS);
  report('CPU of the instance for a run that waits', perRunSecond('serverCpuMs'), 'ms a second');
  report('CPU of PostgreSQL for a run that waits', perRunSecond('databaseCpuMs'), 'ms a second');
  report('transactions for a run that waits', perRunSecond('transactions'), 'a second');
}

/** By how much has been said already: the question, then an answer and its results for each step. */
function answerTo(contents: number): ReturnType<typeof turn> {
  if (contents === 1) return turn().call('list_files', {}).usage({ prompt: 900, candidates: 20 });
  if (contents === 3) return turn().call('read_file', { path: 'a.txt' }).usage({ prompt: 1_000, candidates: 20 });
  const answer = turn().waitFor(() => gate.pass());
  return answer.text(...PIECES).usage({ prompt: 1_200, candidates: 600 });
}

/** Of some forty characters, and no two alike: one that repeats itself would be stopped. */
const PIECES = Array.from({ length: CHUNKS }, (_, n) => `${createHash('sha256').update(String(n)).digest('base64').slice(0, 43).replaceAll(/[^a-z]/g, ' ')}. `);

interface Gate {
  pass(): Promise<void>;
  open(): void;
  whenWaiting(count: number): Promise<void>;
}

function newGate(): Gate {
  let open = (): void => undefined;
  const opened = new Promise<void>((resolve) => (open = resolve));
  let waiting = 0;
  return {
    pass: () => {
      waiting++;
      return opened;
    },
    open,
    whenWaiting: (count) => until(async () => waiting >= count),
  };
}

/** As clients do, it tries again when the server says so: the database may be everybody's. */
async function start(): Promise<string> {
  for (let attempt = 1; ; attempt++) {
    const { status, body } = await server.client.post('/api/chat/runs', { message: 'What is in a.txt?', intent: 'analysis' });
    if (status === 202) return body.eventsUrl as string;
    if (status !== 503 || attempt === 10) throw new Error(`${status}: ${JSON.stringify(body)}`);
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}

/** @returns how many events the run had */
async function watchedRun(): Promise<number> {
  const events = await server.client.events(await start()).toTerminal(60_000);
  if (events.at(-1)?.type !== 'run.completed') throw new Error(JSON.stringify(events.at(-1)));
  return events.length;
}

async function inParallel<Result>(count: number, work: () => Promise<Result>): Promise<Result[]> {
  const results: Result[] = [];
  let begun = 0;
  const worker = async (): Promise<void> => {
    while (begun++ < count) results.push(await work());
  };
  await Promise.all(Array.from({ length: AT_A_TIME }, worker));
  return results;
}

/** So that its connections can be told from ours. */
function named(databaseUrl: string): string {
  const url = new URL(databaseUrl);
  url.searchParams.set('application_name', SERVER_NAME);
  return url.href;
}

async function snapshot() {
  const [{ transactions, rows, bytes } = { transactions: 0, rows: 0, bytes: 0 }] = await database.connection.query<{ transactions: number; rows: number; bytes: number }>(
    `SELECT xact_commit::float8 AS transactions, (tup_inserted + tup_updated)::float8 AS rows, pg_database_size(datname)::float8 AS bytes FROM pg_stat_database WHERE datname = current_database()`,
  );
  const backends = await database.connection.query<{ pid: number }>(`SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND application_name = '${SERVER_NAME}'`);
  const redisInfo = await redis.server.commands.info();
  const redisFigure = (name: string): number => Number(new RegExp(`^${name}:(\\d+)`, 'm').exec(redisInfo)?.[1]);
  return {
    serverCpuMs: cpuMsOf([server.pid]),
    databaseCpuMs: cpuMsOf(backends.map(({ pid }) => pid)),
    redisCpuMs: cpuMsOf([redisFigure('process_id')]),
    transactions,
    rowsWritten: rows,
    databaseBytes: bytes,
    redisBytes: await redisBytes(),
    redisConnections: redisFigure('connected_clients') - 1, // one is ours
    connections: backends.length,
  };
}

async function redisBytes(): Promise<number> {
  const { commands } = redis.server;
  let bytes = 0;
  for await (const keys of commands.scanStream({ match: `${redis.keyPrefix}*`, count: 1_000 }) as AsyncIterable<string[]>) {
    for (const size of await Promise.all(keys.map((key) => commands.memory('USAGE', key, 'SAMPLES', 0)))) bytes += size ?? 0;
  }
  return bytes;
}

/** What is left after its garbage is collected. */
async function memory(): Promise<{ residentMiB: number; heapMiB: number }> {
  process.kill(server.pid, 'SIGWINCH');
  await new Promise((resolve) => setTimeout(resolve, 2_000));
  const { body } = await server.client.get<string>('/metrics');
  return { residentMiB: residentMiBOf(server.pid), heapMiB: Number(/^nodejs_heap_size_used_bytes (\S+)$/m.exec(body)?.[1]) / 1_048_576 };
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  for (const deadline = performance.now() + 60_000; !(await condition()); ) {
    if (performance.now() > deadline) throw new Error('It never came to that.');
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

function report(what: string, value: number, unit: string): void {
  process.stdout.write(`${what}: ${value.toPrecision(3)} ${unit}\n`);
}
