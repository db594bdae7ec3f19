import { setTimeout as sleep } from 'node:timers/promises';
import { type GeminiEmulator, type RecordedCall, startGeminiEmulator, turn, type TurnBuilder } from '../../support/gemini-emulator/index.js';
import { type ServerProcess, startServerProcess } from '../../support/server-process.js';
import { createPostgresqlDatabase, type TestDatabase } from '../../support/test-database.js';
import { createTestWorkspace, type TestWorkspace } from '../../support/test-workspace.js';
import { numbersFrom } from '../numbers-from.js';
import { reconcile, type Reconciled } from './reconcile.js';

const FIRST_PROMPT_TOKENS = 10_000;
const TOOL_STEPS = 2;
const START_EVERY_MS = 40;
const LONGEST_LIFE_MS = 1_200;
/** One run in so many is cancelled a moment after it was started. */
const CANCEL_ONE_IN = 6;
const SILENCE_MS = 500;
/** A server that has not called a model by then is killed all the same. */
const FIRST_CALL_MS = 5_000;
const HOLD_LEASE_MS = 6_000; // the two limits below, together

const LIMITS = {
  LIMIT_ITERATION_TIMEOUT_MS: '5000',
  LIMIT_BILLING_HOLD_LEASE_MS: '1000',
  LIMIT_RUN_LEASE_MS: '2000',
  LIMIT_CHAT_MAX_CONCURRENT_RUNS_PER_USER: '10000',
  LIMIT_MODEL_TOKENS_PER_MINUTE: '100000000',
};

/**
 * A server under a scripted load is killed without a warning at random moments. Each call of the emulator has a prompt count of
 * its own, so that what it served and what the server settled can be matched call by call after each kill.
 */
export class LedgerChaos {
  private constructor(
    private readonly gemini: GeminiEmulator,
    private readonly workspace: TestWorkspace,
    private readonly database: TestDatabase,
    private readonly random: () => number,
  ) {}

  static async create(databaseUrl: string, seed: number): Promise<LedgerChaos> {
    const gemini = await startGeminiEmulator({ maxRecordedCalls: 1_000_000 });
    gemini.respondWith((call, index) => answerTo(call, index));
    return new LedgerChaos(gemini, await createTestWorkspace({ 'notes.md': 'nothing much' }), await createPostgresqlDatabase(databaseUrl), numbersFrom(seed));
  }

  async close(): Promise<void> {
    await this.gemini.close();
    await this.database.close();
    await this.workspace.remove();
  }

  /** Starts the server, lets it work, and kills it a random moment after its first call of a model. */
  async killOnce(): Promise<Reconciled> {
    const server = await this.start();
    const before = this.gemini.callCount;
    const load = this.load(server);
    const deadline = Date.now() + FIRST_CALL_MS;
    while (this.gemini.callCount === before && Date.now() < deadline) await sleep(5);
    await sleep(LONGEST_LIFE_MS * this.random());
    await server.end('SIGKILL');
    await load;
    await this.silence();
    return reconcile(this.database.prisma, this.gemini.requests);
  }

  /** Lets a server end what the killed ones left, and frees what they held. */
  async recover(): Promise<Reconciled> {
    const server = await this.start();
    const deadline = Date.now() + 10 * HOLD_LEASE_MS;
    for (;;) {
      for (const job of ['orphaned-runs', 'expired-holds']) await server.client.post(`/api/maintenance/jobs/${job}/run`);
      const { prisma } = this.database;
      const open = (await prisma.run.count({ where: { finishedAt: null } })) + (await prisma.creditHold.count({ where: { status: 'held' } }));
      if (open === 0) break;
      if (Date.now() > deadline) throw new Error(`${open} runs and holds are still open: ${server.output()}`);
      await sleep(250);
    }
    await server.end('SIGTERM');
    await this.silence();
    return reconcile(this.database.prisma, this.gemini.requests);
  }

  private start(): Promise<ServerProcess> {
    return startServerProcess({
      ...this.gemini.environment,
      ...LIMITS,
      DATABASE_URL: this.database.url as string,
      DATA_DIR: `${this.workspace.path}-data`,
      DEFAULT_WORKSPACE: this.workspace.path,
      SIGNUP_CREDITS: '10000000',
      SHUTDOWN_GRACE_MS: '1000',
    });
  }

  /** Starts runs, and cancels some, until nobody answers any more. */
  private async load({ client }: ServerProcess): Promise<void> {
    for (;;) {
      try {
        const { body } = await client.post('/api/chat/runs', { message: 'What is in here?', intent: 'analysis' });
        if (this.random() < 1 / CANCEL_ONE_IN) void client.post(`/api/chat/runs/${body.runId}/cancel`).catch(() => undefined);
      } catch {
        return;
      }
      await sleep(START_EVERY_MS);
    }
  }

  /** The emulator has noticed that its clients are gone; a request that broke off before it was read never counts as ended. */
  private async silence(): Promise<void> {
    await Promise.race([Promise.all(this.gemini.requests.map(({ ended }) => ended)), sleep(SILENCE_MS)]);
  }
}

function answerTo({ body }: RecordedCall, index: number): TurnBuilder {
  const results = body.contents.flatMap(({ parts }) => parts).filter(({ functionResponse }) => functionResponse).length;
  const answer = turn().pace(5).text('Let ', 'me ', 'look. ');
  if (results < TOOL_STEPS) answer.call('list_files', { path: '.' });
  return answer.usage({ prompt: FIRST_PROMPT_TOKENS + index, candidates: 10 + (index % 7), thoughts: index % 3 });
}
