import { Logger } from '@nestjs/common';
import type { Redis } from 'ioredis';
import type { Clock } from '../../common/index.js';
import type { Limits } from '../../limits/index.js';
import type { RedisServer } from '../../redis/index.js';
import type { RunEventPage } from '../run-event-log.port.js';
import { isTerminal } from '../run-event.js';
import type { RunKeys } from './redis.run-event-writer.js';
import { type NumberedEvent, RunWindow } from './run-window.js';
import { type StreamEntry, toStoredEvent } from './stored-event.js';
import { Watchers } from './watchers.js';

/** Events of one run in one read; the rest comes with the next. */
const EVENTS_PER_READ = 256;

const logger = new Logger('RunEventLog');

interface WatchedRun {
  readonly window: RunWindow;
  watchers: number;
}

/**
 * Follows the runs that are watched on this instance. A doorbell, one connection for all runs, says when to look;
 * a look reads every run that rang in one command; and one at every `stream.pollMs` makes up for lost bells.
 */
export class RedisRunFeed {
  private readonly runs = new Map<string, WatchedRun>();
  private readonly runIdByBell = new Map<string, string>();
  private readonly watchers = new Watchers();
  private readonly rung = new Set<string>();
  private readonly bells: Redis;
  private isLooking = false;
  private isClosed = false;
  private cancelPoll: (() => void) | undefined;

  constructor(
    private readonly redis: RedisServer,
    private readonly clock: Clock,
    private readonly limits: Limits,
    private readonly instanceId: string,
    private readonly keysOf: (runId: string) => RunKeys,
  ) {
    this.bells = redis.connect('run-bells');
    this.bells.on('ready', () => this.hangUpBells([...this.runIdByBell.keys()]));
    this.bells.on('message', (bell: string, ringer: string) => this.onBell(bell, ringer));
  }

  watch(runId: string, onChange: () => void): () => void {
    const run = this.runs.get(runId) ?? this.begin(runId);
    run.watchers++;
    const stop = this.watchers.add(runId, onChange);
    let isWatching = true;
    return () => {
      stop();
      if (isWatching && --run.watchers === 0) this.end(runId);
      isWatching = false;
    };
  }

  /** @returns undefined when only Redis knows */
  page(runId: string, afterSeq: number, limit: number): RunEventPage | undefined {
    return this.runs.get(runId)?.window.page(afterSeq, limit);
  }

  /** Events that this instance has written itself need not come back to it. */
  add(runId: string, events: readonly NumberedEvent[]): void {
    const last = events.at(-1);
    const window = this.runs.get(runId)?.window;
    if (last && window?.add(events, isTerminal(last.event.type), this.limits.value('stream.maxWindowEvents'))) this.watchers.announce(runId);
  }

  /** The run's log is not what it was. */
  forget(runId: string): void {
    this.runs.get(runId)?.window.reset(undefined);
    this.ring(runId);
  }

  close(): void {
    this.isClosed = true;
    this.cancelPoll?.();
    this.bells.disconnect();
  }

  private begin(runId: string): WatchedRun {
    const run: WatchedRun = { window: new RunWindow(), watchers: 0 };
    const { bell } = this.keysOf(runId);
    this.runs.set(runId, run);
    this.runIdByBell.set(bell, runId);
    this.ring(runId);
    this.hangUpBells([bell]);
    this.schedulePoll();
    return run;
  }

  private end(runId: string): void {
    const { bell } = this.keysOf(runId);
    this.runs.delete(runId);
    this.runIdByBell.delete(bell);
    this.rung.delete(runId);
    if (this.bells.status === 'ready') this.bells.unsubscribe(bell).catch(() => undefined); // its bell means nothing now
    if (this.runs.size > 0) return;
    this.cancelPoll?.();
    this.cancelPoll = undefined;
  }

  /** While the connection is away, nothing is asked of it: `ready` will. */
  private hangUpBells(bells: readonly string[]): void {
    if (bells.length === 0 || this.bells.status !== 'ready') return;
    const ringAll = (): void => bells.forEach((bell) => this.onBell(bell, '')); // what happened before made no sound
    this.bells.subscribe(...bells).then(ringAll, (error: unknown) => {
      if (!this.isClosed) logger.warn({ message: 'no doorbells for the events of runs; they are polled for', error });
    });
  }

  private onBell(bell: string, ringer: string): void {
    const runId = this.runIdByBell.get(bell);
    if (runId && ringer !== this.instanceId) this.ring(runId);
  }

  private ring(runId: string): void {
    if (!this.runs.has(runId) || this.isClosed) return;
    this.rung.add(runId);
    if (this.isLooking) return;
    this.isLooking = true;
    setImmediate(() => void this.look());
  }

  private schedulePoll(): void {
    this.cancelPoll ??= this.clock.schedule(() => {
      this.cancelPoll = undefined;
      for (const runId of this.runs.keys()) this.ring(runId);
      if (!this.isClosed && this.runs.size > 0) this.schedulePoll();
    }, this.limits.value('stream.pollMs'));
  }

  /** Never rejects: while Redis is away, the next poll tries again. */
  private async look(): Promise<void> {
    try {
      while (this.rung.size > 0 && !this.isClosed) {
        const runIds = [...this.rung];
        this.rung.clear();
        const known = runIds.filter((runId) => this.lastSeqOf(runId) !== undefined);
        const unknown = runIds.filter((runId) => this.lastSeqOf(runId) === undefined);
        await Promise.all([this.readOn(known), this.findEnds(unknown)]);
      }
    } catch {
      this.rung.clear();
    } finally {
      this.isLooking = false;
    }
  }

  private lastSeqOf(runId: string): number | undefined {
    return this.runs.get(runId)?.window.lastSeq;
  }

  private async readOn(runIds: readonly string[]): Promise<void> {
    if (runIds.length === 0) return;
    const streams = runIds.map((runId) => this.keysOf(runId).stream);
    const ids = runIds.map((runId) => `${this.lastSeqOf(runId) ?? 0}-0`);
    const answer = (await this.redis.commands.xread('COUNT', EVENTS_PER_READ, 'STREAMS', ...streams, ...ids)) as readonly [string, readonly StreamEntry[]][] | null;
    const runIdByStream = new Map(runIds.map((runId, index) => [streams[index], runId]));
    for (const [stream, entries] of answer ?? []) {
      const runId = runIdByStream.get(stream);
      if (!runId) continue;
      this.add(runId, entries.map(toStoredEvent));
      if (entries.length === EVENTS_PER_READ) this.rung.add(runId);
    }
  }

  /** A window begins at the end of the log: viewers that are not there yet read up to it by themselves. */
  private async findEnds(runIds: readonly string[]): Promise<void> {
    const ends = await Promise.all(runIds.map((runId) => this.redis.commands.hget(this.keysOf(runId).state, 'last')));
    runIds.forEach((runId, index) => {
      const end = ends[index];
      const window = this.runs.get(runId)?.window;
      if (!end || !window || window.lastSeq !== undefined) return;
      window.reset(Number(end));
      this.watchers.announce(runId);
    });
  }
}
