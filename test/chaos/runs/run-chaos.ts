import { setTimeout as sleep } from 'node:timers/promises';
import type { PrismaService } from '../../../src/database/index.js';
import { type GeminiEmulator, startGeminiEmulator } from '../../support/gemini-emulator/index.js';
import type { ReceivedEvent } from '../../support/event-source-reader.js';
import { numbersFrom } from '../numbers-from.js';
import { reconcile } from '../ledger/reconcile.js';
import { ServerFleet } from '../server-fleet.js';
import type { ChaosBackend } from './chaos-backend.js';
import { eventFaults } from './event-faults.js';
import { RunClient, type RunWatcher, type StartedRun } from './run-client.js';
import { messageOf, ScriptedWork } from './scripted-work.js';

const PACE_MS = 5;
const START_EVERY_MS = 80;
/** More are not started while so many go on: after each kill the next instance has to come through with what was left. */
const MAX_OPEN_RUNS = 15;
/** Model calls that an instance sees come, of its own or of others, before it is killed; a slow machine so gets as far as a fast one. */
const LONGEST_LIFE_CALLS = 30;
const LONGEST_LIFE_MS = 10_000;
const SHORT_WHILE_MS = 1_500;
const KICK_EVERY_MS = 500;
/** One run in so many is cancelled, goes into the conversation of one before it, or is watched by a second client that comes later. */
const ONE_IN = { cancel: 8, sameConversation: 5, secondWatcher: 3 } as const;
/** After the last kill. */
const END_TIMEOUT_MS = 120_000;
const HOLDS_TIMEOUT_MS = 60_000;

/** As many as there may be: who is killed often is no poison here. */
const MAX_TAKEOVERS = 40;

const LIMITS = {
  LIMIT_BILLING_HOLD_LEASE_MS: '1000',
  LIMIT_RUN_LEASE_MS: '2000',
  LIMIT_RUN_MAX_TAKEOVERS: String(MAX_TAKEOVERS),
  LIMIT_CHAT_MAX_CONCURRENT_RUNS_PER_USER: '10000',
  LIMIT_STREAM_MAX_PER_USER: '10000',
  LIMIT_MODEL_TOKENS_PER_MINUTE: '100000000',
};

export interface ChaosResult {
  readonly runs: number;
  readonly statuses: Readonly<Record<string, number>>;
  readonly takeovers: number;
  readonly snapshots: number;
  readonly unknownChanges: number;
  readonly served: number;
  readonly settled: number;
  readonly lost: number;
  readonly faults: readonly string[];
}

interface WatchedRun extends StartedRun {
  readonly number: number;
  readonly watchers: RunWatcher[];
}

/** Instances under a scripted load are killed without a warning at random moments, while real clients watch every run to its end. */
export class RunChaos {
  private readonly client: RunClient;
  private readonly runs: WatchedRun[] = [];
  private readonly mishaps: string[] = [];
  private openRuns = 0;
  private openStarts = 0;
  private isLoading = true;

  private constructor(
    private readonly backend: ChaosBackend,
    private readonly gemini: GeminiEmulator,
    private readonly work: ScriptedWork,
    private readonly fleet: ServerFleet,
    private readonly random: () => number,
  ) {
    this.client = new RunClient(fleet);
  }

  /** @param iterationTimeoutMs long enough for a busy machine; what lost calls hold is free that long after */
  static async create(backend: ChaosBackend, seed: number, iterationTimeoutMs: number): Promise<RunChaos> {
    const gemini = await startGeminiEmulator({ maxRecordedCalls: 1_000_000 });
    const work = await ScriptedWork.create(PACE_MS);
    gemini.respondWith((call, index) => work.answer(call, index));
    const random = numbersFrom(seed);
    const shared = { ...gemini.environment, ...LIMITS, LIMIT_ITERATION_TIMEOUT_MS: String(iterationTimeoutMs), DEFAULT_WORKSPACE: work.workspace.path, SIGNUP_CREDITS: '10000000', SHUTDOWN_GRACE_MS: '2000' };
    return new RunChaos(backend, gemini, work, new ServerFleet(backend.environments.map((own) => ({ ...shared, ...own })), random), random);
  }

  async close(): Promise<void> {
    this.isLoading = false;
    await this.fleet.close();
    await this.gemini.close();
    await this.work.workspace.remove();
    await this.backend.close();
  }

  /** @param onKill told the number of each kill and of the runs so far */
  async run(kills: number, onKill: (kill: number, runs: number) => void): Promise<ChaosResult> {
    await this.fleet.startAll();
    const load = this.load();
    const kicks = this.kick();
    for (const work of [load, kicks]) work.catch(() => undefined); // awaited below, unless something fails before
    let killsLeft = kills;
    let killed = 0;
    await Promise.all(
      this.backend.environments.map(async (_, index) => {
        while (killsLeft-- > 0) {
          await this.killOnce(index);
          onKill(++killed, this.runs.length);
        }
      }),
    );
    await sleep(SHORT_WHILE_MS);
    this.isLoading = false;
    await load;
    const seen = await this.watchToTheEnd();
    await this.untilNothingIsHeld();
    await kicks;
    await this.fleet.stopAll();
    return this.backend.inspect((prisma) => this.judge(prisma, seen));
  }

  /** Kills an instance a random number of model calls after it came, and starts it anew. */
  private async killOnce(index: number): Promise<void> {
    const lastCall = this.gemini.callCount + 1 + LONGEST_LIFE_CALLS * this.random();
    for (const deadline = Date.now() + LONGEST_LIFE_MS; this.gemini.callCount < lastCall && Date.now() < deadline; ) await sleep(5);
    await this.fleet.kill(index);
    await this.fleet.start(index);
  }

  private async watchToTheEnd(): Promise<PromiseSettledResult<ReceivedEvent[]>[][]> {
    const giveUp = setTimeout(() => this.runs.forEach(({ watchers }) => watchers.forEach((watcher) => watcher.giveUp())), END_TIMEOUT_MS);
    const seen = await Promise.all(this.runs.map(({ watchers }) => Promise.allSettled(watchers.map(({ events }) => events))));
    clearTimeout(giveUp);
    return seen;
  }

  private async load(): Promise<void> {
    for (let number = 1; this.isLoading; number++) {
      await this.work.prepare(number);
      void this.startOne(number);
      await sleep(START_EVERY_MS);
      while (this.openRuns >= MAX_OPEN_RUNS && this.isLoading) await sleep(START_EVERY_MS);
    }
    while (this.openStarts > 0) await sleep(START_EVERY_MS);
  }

  private async startOne(number: number): Promise<void> {
    this.openRuns++;
    this.openStarts++;
    const before = this.isOneIn(ONE_IN.sameConversation) ? this.runs.at(-1)?.conversationId : undefined;
    try {
      const started = await this.client.start({ message: messageOf(number), intent: 'refactor', ...(before ? { conversationId: before, onBusy: 'enqueue' } : {}) });
      const run: WatchedRun = { ...started, number, watchers: [this.client.watch(started)] };
      this.runs.push(run);
      if (this.isOneIn(ONE_IN.cancel)) void this.client.post(`/api/chat/runs/${started.runId}/cancel`).catch((error: unknown) => this.mishaps.push(String(error)));
      if (this.isOneIn(ONE_IN.secondWatcher)) await this.watchLater(run);
      void Promise.allSettled(run.watchers.map(({ events }) => events)).then(() => this.openRuns--);
    } catch (error) {
      this.mishaps.push(`run ${number} was not started: ${String(error)}`);
      this.openRuns--;
    } finally {
      this.openStarts--;
    }
  }

  private async watchLater(run: WatchedRun): Promise<void> {
    await sleep(SHORT_WHILE_MS * this.random());
    run.watchers.push(this.client.watch(run));
  }

  /** The jobs that see to what was left come more often than by their timetable. */
  private async kick(): Promise<void> {
    while (this.isLoading || this.openRuns > 0) {
      await this.client.post('/api/maintenance/jobs/orphaned-runs/run');
      await sleep(KICK_EVERY_MS);
    }
  }

  private async untilNothingIsHeld(): Promise<void> {
    for (const deadline = Date.now() + HOLDS_TIMEOUT_MS; Date.now() < deadline; await sleep(KICK_EVERY_MS)) {
      await this.client.post('/api/maintenance/jobs/expired-holds/run');
      const { client } = await this.fleet.anyServer();
      if ((await client.get('/api/billing/balance')).body.held === 0) return;
    }
  }

  private async judge(prisma: PrismaService, seen: readonly PromiseSettledResult<ReceivedEvent[]>[][]): Promise<ChaosResult> {
    const rows = new Map((await prisma.run.findMany()).map((row) => [row.id, row]));
    const answers = new Map((await prisma.message.findMany({ where: { role: 'assistant' } })).map(({ runId, text }) => [runId, text]));
    const money = await reconcile(prisma, this.gemini.requests);
    const faults = [...this.mishaps, ...money.faults];
    const held = await prisma.creditHold.count({ where: { status: 'held' } });
    if (held > 0) faults.push(`${held} holds are still open`);
    if (rows.size !== this.runs.length) faults.push(`${this.runs.length} runs were admitted, and the database has ${rows.size}`);
    let snapshots = 0;
    for (const [index, { runId, number }] of this.runs.entries()) {
      const row = rows.get(runId);
      for (const watcher of seen[index] ?? []) {
        if (watcher.status === 'rejected') {
          faults.push(`run ${runId}, ${row?.status}: ${String(watcher.reason)}`);
          continue;
        }
        const events = watcher.value;
        snapshots += events.filter(({ type }) => type === 'run.snapshot').length;
        faults.push(...eventFaults(runId, events));
        const end = events.at(-1);
        if (end?.type !== `run.${row?.status}`) faults.push(`run ${runId} is ${row?.status}, and its client saw ${end?.type}`);
        if (row?.lastSeq !== Number(end?.id)) faults.push(`run ${runId} ends at ${row?.lastSeq}, and its client at ${end?.id}`);
        if ((answers.get(runId) ?? '') !== (end?.data.message?.text ?? answers.get(runId) ?? '')) faults.push(`run ${runId} has another answer than its client was told`);
      }
      const isWornOut = row?.failurePattern === 'instance_crash' && row.takeovers === MAX_TAKEOVERS;
      if (row?.status !== 'completed' && row?.status !== 'cancelled' && !isWornOut) faults.push(`run ${runId} is ${row?.status}: ${JSON.stringify(row?.error)}`);
      faults.push(...(await this.work.faultsOf(number, row?.status === 'completed')));
    }
    faults.push(...(await this.work.strayFiles()).map((name) => `${name} was left in the workspace`));
    return {
      runs: this.runs.length,
      statuses: countBy([...rows.values()].map(({ status }) => status)),
      takeovers: [...rows.values()].reduce((sum, { takeovers }) => sum + takeovers, 0),
      snapshots,
      unknownChanges: this.work.unknownChanges,
      served: money.served,
      settled: money.settled,
      lost: money.lost,
      faults,
    };
  }

  private isOneIn(count: number): boolean {
    return this.random() < 1 / count;
  }
}

function countBy(names: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}
