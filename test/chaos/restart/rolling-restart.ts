import { setTimeout as sleep } from 'node:timers/promises';
import type { PrismaService } from '../../../src/database/index.js';
import { EventSourceReader } from '../../support/event-source-reader.js';
import { type GeminiEmulator, startGeminiEmulator } from '../../support/gemini-emulator/index.js';
import { HttpClient } from '../../support/http-client.js';
import { reconcile } from '../ledger/reconcile.js';
import type { ChaosBackend } from '../runs/chaos-backend.js';
import { eventFaults } from '../runs/event-faults.js';
import { messageOf, ScriptedWork } from '../runs/scripted-work.js';
import { ServerFleet } from '../server-fleet.js';
import { Balancer } from './balancer.js';

/** A run takes about four seconds: some get to their end within the grace, the others are handed over. */
const PACE_MS = 300;
/** Between the first starts of the clients. */
const START_EVERY_MS = 60;
const RUN_TIMEOUT_MS = 120_000;

const LIMITS = {
  SHUTDOWN_GRACE_MS: '1500',
  LIMIT_CHAT_MAX_CONCURRENT_RUNS_PER_USER: '10000',
  LIMIT_STREAM_MAX_PER_USER: '10000',
  LIMIT_MODEL_TOKENS_PER_MINUTE: '100000000',
};

export interface RestartResult {
  readonly runs: number;
  readonly handedOver: number;
  readonly faults: readonly string[];
}

/** Two instances behind a balancer are restarted one after the other while clients that repeat nothing have runs going on. */
export class RollingRestart {
  private readonly faults: string[] = [];
  private readonly numbers = new Map<string, number>();
  private runs = 0;
  private isLoading = true;

  private constructor(
    private readonly backend: ChaosBackend,
    private readonly gemini: GeminiEmulator,
    private readonly work: ScriptedWork,
    private readonly fleet: ServerFleet,
    private readonly balancer: Balancer,
  ) {}

  static async create(backend: ChaosBackend): Promise<RollingRestart> {
    const gemini = await startGeminiEmulator({ maxRecordedCalls: 100_000 });
    const work = await ScriptedWork.create(PACE_MS);
    gemini.respondWith((call, index) => work.answer(call, index));
    const shared = { ...gemini.environment, ...LIMITS, DEFAULT_WORKSPACE: work.workspace.path, SIGNUP_CREDITS: '10000000' };
    const fleet = new ServerFleet(backend.environments.map((own) => ({ ...shared, ...own })), Math.random);
    return new RollingRestart(backend, gemini, work, fleet, await Balancer.start(backend.environments.map((_, index) => () => fleet.urlOf(index))));
  }

  async close(): Promise<void> {
    this.isLoading = false;
    await this.fleet.close();
    await this.balancer.close();
    await this.gemini.close();
    await this.work.workspace.remove();
    await this.backend.close();
  }

  /** @param clients each has one run going on at any time */
  async run(clients: number): Promise<RestartResult> {
    await this.fleet.startAll();
    const load = Array.from({ length: clients }, (_, client) => this.use(client * START_EVERY_MS));
    await this.untilAllWork(clients);
    for (let index = 0; index < this.fleet.size; index++) {
      await this.fleet.stop(index);
      await this.fleet.start(index);
    }
    this.isLoading = false;
    await Promise.all(load);
    await this.fleet.stopAll();
    return this.backend.inspect((prisma) => this.judge(prisma));
  }

  private async untilAllWork(clients: number): Promise<void> {
    for (const deadline = Date.now() + RUN_TIMEOUT_MS; this.gemini.callCount < clients && Date.now() < deadline; ) await sleep(20);
  }

  /** One client: run after run, each asked for once, followed to its end and never missed. */
  private async use(delayMs: number): Promise<void> {
    const client = new HttpClient(this.balancer.url);
    await sleep(delayMs);
    do {
      const number = ++this.runs;
      await this.work.prepare(number);
      try {
        const { status, body } = await client.post('/api/chat/runs', { message: messageOf(number), intent: 'refactor' });
        if (status !== 202) throw new Error(`the start was answered by ${status} ${JSON.stringify(body)}`);
        this.numbers.set(body.runId, number);
        const reader = new EventSourceReader(new URL(body.eventsUrl, this.balancer.url).href);
        const events = await reader.toTerminal(RUN_TIMEOUT_MS);
        this.faults.push(...eventFaults(body.runId, events), ...reader.breaks.map((error) => `run ${body.runId}: its stream broke: ${error}`));
        if (events.some(({ type }) => type === 'run.snapshot')) this.faults.push(`run ${body.runId}: its client had to be told by a snapshot`);
        if (events.at(-1)?.type !== 'run.completed') this.faults.push(`run ${body.runId}: ${JSON.stringify(events.at(-1)?.data)}`);
      } catch (error) {
        this.faults.push(`run ${number}: ${String(error)}`);
      }
    } while (this.isLoading);
  }

  private async judge(prisma: PrismaService): Promise<RestartResult> {
    const rows = await prisma.run.findMany();
    const money = await reconcile(prisma, this.gemini.requests);
    const faults = [...this.faults, ...money.faults];
    if (rows.length !== this.runs) faults.push(`${this.runs} runs were asked for, and the database has ${rows.length}`);
    for (const row of rows) {
      if (row.takeovers > 0) faults.push(`run ${row.id} was lost and not handed over`);
      faults.push(...(await this.work.faultsOf(this.numbers.get(row.id) ?? 0, true)));
    }
    return { runs: rows.length, handedOver: rows.filter(({ fencingToken }) => fencingToken > 1).length, faults };
  }
}
