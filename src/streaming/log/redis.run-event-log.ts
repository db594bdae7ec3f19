import { randomUUID } from 'node:crypto';
import { type BeforeApplicationShutdown, Logger } from '@nestjs/common';
import { AppError, type Clock } from '../../common/index.js';
import type { Limits } from '../../limits/index.js';
import type { RedisServer } from '../../redis/index.js';
import { FencedOutError, type RunEventLog, type RunEventPage, type RunEventWriter } from '../run-event-log.port.js';
import { RedisRunEventWriter, type RunKeys, type WriterServices } from './redis.run-event-writer.js';
import { RedisRunFeed } from './redis.run-feed.js';
import { OPEN_WRITER, READ } from './redis.scripts.js';
import { seqOf, type StreamEntry, toStoredEvent } from './stored-event.js';

const RETRY_AFTER_MS = 2_000;

const logger = new Logger('RunEventLog');

/**
 * Runs of all instances, one Redis Stream each, with ids `<seq>-0`. Readers only see what Redis has, so that no
 * number is ever shown twice with different content. Kept for `stream.replayRetentionMs` after the end.
 */
export class RedisRunEventLog implements RunEventLog, BeforeApplicationShutdown {
  private readonly instanceId = randomUUID();
  private readonly stopping = new AbortController();
  private readonly feed: RedisRunFeed;
  private readonly writerServices: WriterServices;

  constructor(
    private readonly redis: RedisServer,
    clock: Clock,
    private readonly limits: Limits,
  ) {
    this.feed = new RedisRunFeed(redis, clock, limits, this.instanceId, (runId) => this.keysOf(runId));
    this.writerServices = { redis, clock, limits, instanceId: this.instanceId, stopped: this.stopping.signal, onKept: (runId, events) => this.feed.add(runId, events) };
  }

  async openWriter(runId: string, fencingToken: number, afterSeq: number): Promise<RunEventWriter> {
    const keys = this.keysOf(runId);
    const { lastSeq, isEnded } = await this.openStored(runId, keys, fencingToken, afterSeq);
    this.feed.forget(runId);
    return new RedisRunEventWriter(runId, fencingToken, lastSeq, isEnded, keys, this.writerServices);
  }

  async read(runId: string, afterSeq: number, limit: number): Promise<RunEventPage> {
    return this.feed.page(runId, afterSeq, limit) ?? (await this.readStored(runId, afterSeq, limit));
  }

  watch(runId: string, onChange: () => void): () => void {
    return this.feed.watch(runId, onChange);
  }

  async drop(runId: string): Promise<void> {
    const { stream, state, bell } = this.keysOf(runId);
    await this.redis.commands.multi().unlink(stream, state).publish(bell, this.instanceId).exec();
    this.feed.forget(runId);
  }

  /** Every key is given a time to live with the script that writes it. */
  keptHere(): string[] {
    return [];
  }

  /** After the runs and the streams have ended, before Redis is let go. */
  beforeApplicationShutdown(): void {
    this.stopping.abort();
    this.feed.close();
  }

  /** While Redis is away a run begins all the same: with its first events, the writer makes good what was missed here. */
  private async openStored(runId: string, { stream, state, bell }: RunKeys, fencingToken: number, afterSeq: number): Promise<{ lastSeq: number; isEnded: boolean }> {
    const ttlMs = this.limits.value('stream.unendedRetentionMs');
    const answer = await OPEN_WRITER.run(this.redis.commands, [stream, state, bell], [fencingToken, afterSeq, ttlMs, this.instanceId]).catch((error: unknown) => {
      logger.warn({ message: 'the log of a run is opened without Redis', runId, error });
      return [afterSeq, 0];
    });
    if (answer === 'fenced') throw new FencedOutError(runId);
    const [lastSeq, ended] = answer as [number, number];
    return { lastSeq, isEnded: ended === 1 };
  }

  private async readStored(runId: string, afterSeq: number, limit: number): Promise<RunEventPage> {
    const { stream, state } = this.keysOf(runId);
    const answer = (await READ.run(this.redis.commands, [stream, state], [afterSeq, limit]).catch(unavailable)) as [number, number, StreamEntry[], string] | null;
    if (!answer) return { state: 'gone', events: [], lastSeq: 0 };
    const [lastSeq, ended, entries, oldestId] = answer;
    if (ended === 1 && afterSeq >= lastSeq) return { state: 'ended', events: [], lastSeq };
    const oldestSeq = oldestId === '' ? lastSeq + 1 : seqOf(oldestId);
    if (afterSeq < oldestSeq - 1 || afterSeq > lastSeq) return { state: 'gone', events: [], lastSeq };
    return { state: ended === 1 && afterSeq + entries.length === lastSeq ? 'ended' : 'open', events: entries.map(toStoredEvent), lastSeq };
  }

  /** The braces keep the keys of a run together where Redis is a cluster. */
  private keysOf(runId: string): RunKeys {
    const run = this.redis.key('run', `{${runId}}`);
    return { stream: `${run}:events`, state: `${run}:state`, bell: `${run}:bell` };
  }
}

function unavailable(cause: unknown): never {
  throw new AppError('event_log_unavailable', 'What happened in this run cannot be read at the moment. The run itself goes on; try again shortly.', { cause, retryAfterMs: RETRY_AFTER_MS });
}
