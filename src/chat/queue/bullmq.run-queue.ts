import { randomUUID } from 'node:crypto';
import { Logger } from '@nestjs/common';
import type { Clock } from '../../common/index.js';
import type { Limits } from '../../limits/index.js';
import type { Metrics } from '../../metrics/index.js';
import type { RedisServer } from '../../redis/index.js';
import { UserTurns } from './bullmq.user-turns.js';
import { RedisWaitingRuns } from './redis.waiting-runs.js';
import type { QueuedRun, QueuePlace, QueueState, RunQueue } from './run-queue.port.js';

/** How soon a full instance notices that it may work on more, and one that could not reach Redis tries again. */
const LOOK_AGAIN_MS = 1_000;
/** How long a turn under way may take when the instance closes. */
const CLOSE_TIMEOUT_MS = 1_000;
/** Waiting runs whose users get a lost turn back in one go. */
const LOST_TURNS_AT_ONCE = 100;

/**
 * One queue for all instances: a line of users in BullMQ and the runs of each in a sorted set. An instance that has
 * room takes a user's turn, that user's first run, and lets the user stand at the end when there are more.
 * It says who tries a run, not who has it: that is the claim in the database. Lost or doubled, nothing breaks.
 */
export class BullMqRunQueue implements RunQueue {
  private readonly logger = new Logger(BullMqRunQueue.name);
  private readonly turns: UserTurns;
  private readonly waiting: RedisWaitingRuns;
  private readonly working = new Map<string, Promise<void>>();
  /** Places that this instance keeps. */
  private readonly places = new Set<string>();
  /** Runs at work here that were enqueued again, because their turn may have come. */
  private readonly again = new Map<string, QueuedRun>();
  private handler?: (runId: string) => Promise<void>;
  private handingOut?: Promise<void>;
  private lookAgain: () => void = () => undefined;
  private lastCount = 0;
  private isClosed = false;

  constructor(
    redis: RedisServer,
    private readonly limits: Limits,
    private readonly clock: Clock,
    metrics: Metrics,
  ) {
    this.turns = new UserTurns(redis);
    this.waiting = new RedisWaitingRuns(redis);
    metrics.measure('lomu_runs_in_progress', () => this.working.size);
    metrics.measure('lomu_runs_queued', () => this.lastCount);
  }

  start(handler: (runId: string) => Promise<void>): void {
    this.handler = handler;
    this.handingOut = this.handOut();
  }

  async reserve(): Promise<QueuePlace | undefined> {
    const place = randomUUID();
    this.places.add(place);
    if (await this.isKept(place)) return { release: () => this.release(place) };
    this.places.delete(place);
    return undefined;
  }

  async state(): Promise<QueueState> {
    const waiting = await this.count().catch(() => 0); // whoever enqueues next says so
    return { waiting, isBusy: waiting > 0 || !this.hasRoom };
  }

  async enqueue(runs: readonly QueuedRun[]): Promise<void> {
    try {
      await this.waiting.add(runs);
      await this.turns.offer(runs.map((run) => run.userId));
    } catch (error) {
      this.logger.warn({ message: 'runs not enqueued; this instance works on those it has room for, the next refill finds the others', count: runs.length, error });
      for (const run of runs) if (this.hasRoom) this.begin(run);
    }
    this.lookAgain();
  }

  async close(): Promise<void> {
    this.isClosed = true;
    this.lookAgain();
    await this.turns.stop();
    await Promise.race([this.handingOut, new Promise<void>((resolve) => this.clock.schedule(resolve, CLOSE_TIMEOUT_MS))]); // a look that waits for Redis to come back would wait on
    await Promise.all(this.working.values());
    await this.turns.close();
  }

  private get hasRoom(): boolean {
    return this.free > 0;
  }

  /** How many more runs this instance may work on. */
  private get free(): number {
    return Math.max(0, this.limits.value('chat.maxConcurrentRunsPerInstance') - this.working.size);
  }

  /** Without Redis, an instance takes what it has room for and no more. */
  private async isKept(place: string): Promise<boolean> {
    try {
      return await this.waiting.reserve(place, this.free + this.limits.value('chat.maxQueued'));
    } catch (error) {
      this.logger.warn({ message: 'the queue does not answer; this instance takes what it has room for', error });
      return this.places.size <= this.free;
    }
  }

  private async release(place: string): Promise<void> {
    this.places.delete(place);
    await this.waiting.release(place).catch(() => undefined); // it expires
  }

  private async count(): Promise<number> {
    return (this.lastCount = await this.waiting.count());
  }

  private async handOut(): Promise<void> {
    await this.turns.watchLost();
    while (!this.isClosed) {
      try {
        if (this.hasRoom) await this.handOutNext();
        else await this.pause();
        await this.count();
      } catch (error) {
        if (this.isClosed) return;
        this.logger.warn({ message: 'no run could be taken from the queue; trying again', error });
        await this.pause();
      }
    }
  }

  private async handOutNext(): Promise<void> {
    const userId = await this.turns.next();
    if (userId === undefined) return this.turns.offer(await this.waiting.users(LOST_TURNS_AT_ONCE)); // who waits all the same has lost a turn
    if (this.isClosed) return this.turns.offer([userId]);
    const { runId, hasMore } = await this.waiting.takeOf(userId);
    if (runId !== undefined && !this.begin({ runId, userId })) await this.enqueue([{ runId, userId }]); // closed meanwhile: it is for others
    if (hasMore) await this.turns.offer([userId]);
  }

  private begin(run: QueuedRun): boolean {
    if (!this.handler || this.isClosed) return false;
    if (this.working.has(run.runId)) this.again.set(run.runId, run);
    else this.working.set(run.runId, this.handler(run.runId).finally(() => this.end(run.runId)));
    return true;
  }

  private async end(runId: string): Promise<void> {
    this.working.delete(runId);
    this.lookAgain();
    const again = this.again.get(runId);
    this.again.delete(runId);
    if (again) await this.enqueue([again]);
  }

  /** Until something has ended or come, or a limit may have changed. */
  private async pause(): Promise<void> {
    await new Promise<void>((resolve) => {
      const cancelTimer = this.clock.schedule(resolve, LOOK_AGAIN_MS);
      this.lookAgain = () => {
        cancelTimer();
        resolve();
      };
    });
  }
}
