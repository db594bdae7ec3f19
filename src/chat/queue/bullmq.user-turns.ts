import { randomUUID } from 'node:crypto';
import { Logger } from '@nestjs/common';
import { Queue, Worker } from 'bullmq';
import type { RedisServer } from '../../redis/index.js';

const NAME = 'turns';
/** How long one look waits for somebody's turn. */
const WAIT_SECONDS = 1;
/** A turn is taken within milliseconds. One whose instance died meanwhile is given to another after this time. */
const LOST_TURN_MS = 10_000;
/** BullMQ writes events that nobody here reads. */
const MAX_EVENTS = 100;

interface Turn {
  readonly userId: string;
}

/** Users whose turn comes, in order, on all instances together. Who stands in line already keeps their place; whose turn came stands at the end when they come again. */
export class UserTurns {
  private readonly logger = new Logger(UserTurns.name);
  private readonly token = randomUUID();
  private readonly connection: ReturnType<RedisServer['connect']>;
  private readonly line: Queue<Turn>;
  private readonly worker: Worker<Turn>;

  constructor(redis: RedisServer) {
    const prefix = redis.keyPrefix;
    this.connection = redis.connect('run-turns');
    // Whoever offers a turn wants to know at once that Redis is away; whoever waits for one just waits on.
    this.line = new Queue<Turn>(NAME, { connection: redis.commands, prefix, streams: { events: { maxLen: MAX_EVENTS } } });
    this.worker = new Worker<Turn>(NAME, null, { connection: this.connection, prefix, drainDelay: WAIT_SECONDS, lockDuration: LOST_TURN_MS, stalledInterval: LOST_TURN_MS });
    // The connections report their losses themselves, and commands that fail say so to whoever sent them.
    const onError = (error: Error): void => this.logger.debug({ message: 'BullMQ reports an error', error });
    this.line.on('error', onError);
    this.worker.on('error', onError);
  }

  async offer(userIds: readonly string[]): Promise<void> {
    const turns = [...new Set(userIds)].map((userId) => ({
      name: NAME,
      data: { userId },
      opts: { jobId: `of-${encodeURIComponent(userId)}`, removeOnComplete: true, removeOnFail: true }, // one waiting turn per user
    }));
    if (turns.length > 0) await this.line.addBulk(turns);
  }

  /** Begins to look for turns whose instance died before it used them. */
  async watchLost(): Promise<void> {
    await this.worker.startStalledCheckTimer();
  }

  /** @returns whose turn it is, or undefined when that was nobody's for a few seconds */
  async next(): Promise<string | undefined> {
    // The first look after a turn does not wait.
    const turn = (await this.worker.getNextJob(this.token)) ?? (await this.worker.getNextJob(this.token));
    if (!turn) return undefined;
    await turn.moveToCompleted(undefined, this.token, false); // from here on the user may stand in line again
    return turn.data.userId;
  }

  /** Ends a `next` that waits. */
  async stop(): Promise<void> {
    await this.worker.close(true);
  }

  async close(): Promise<void> {
    await this.line.close();
    this.connection.disconnect();
  }
}
