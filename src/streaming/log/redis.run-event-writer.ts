import { Logger } from '@nestjs/common';
import type { Clock } from '../../common/index.js';
import type { Limits } from '../../limits/index.js';
import type { RedisServer } from '../../redis/index.js';
import { isTerminal, type RunEventBody } from '../run-event.js';
import { FencedOutError, type RunEventWriter } from '../run-event-log.port.js';
import { APPEND } from './redis.scripts.js';
import { SharedEvent } from './shared-event.js';

/** Events of one script call. What one turn of the event loop appends is mostly fewer. */
const EVENTS_PER_CALL = 500;

const logger = new Logger('RunEventLog');

export interface RunKeys {
  readonly stream: string;
  readonly state: string;
  readonly bell: string;
}

/** What all writers of an instance share. */
export interface WriterServices {
  readonly redis: RedisServer;
  readonly clock: Clock;
  readonly limits: Limits;
  readonly instanceId: string;
  /** Aborts when the instance stops. */
  readonly stopped: AbortSignal;
  /** Called with events once Redis has them. */
  readonly onKept: (runId: string, events: readonly SharedEvent[]) => void;
}

/**
 * Numbers events at once and sends them together, at most once per turn of the event loop and one call at a
 * time. While Redis is away they wait, up to a bound; the run does not.
 */
export class RedisRunEventWriter implements RunEventWriter {
  private unsaved: SharedEvent[] = [];
  private isFencedOut = false;
  private isSending = false;
  private readonly waiting = new Set<() => void>();

  constructor(
    private readonly runId: string,
    private readonly fencingToken: number,
    private seq: number,
    private isEnded: boolean,
    private readonly keys: RunKeys,
    private readonly services: WriterServices,
  ) {}

  get lastSeq(): number {
    return this.seq;
  }

  append(body: RunEventBody): void {
    if (this.isEnded || this.isFencedOut) return;
    this.unsaved.push(new SharedEvent(Object.assign({ runId: this.runId, seq: ++this.seq, at: this.services.clock.now() }, body)));
    this.isEnded = isTerminal(body.type);
    const excess = this.unsaved.length - this.services.limits.value('stream.maxUnsavedEvents');
    if (excess > 0) this.unsaved.splice(0, excess);
    if (this.isSending) return;
    this.isSending = true;
    setImmediate(() => void this.send()); // together with what else this turn brings
  }

  async flush(): Promise<void> {
    if (!(await this.isSaved())) logger.warn({ message: 'Redis does not have the events of a run yet; the run goes on', runId: this.runId, unsaved: this.unsaved.length });
    if (this.isFencedOut) throw new FencedOutError(this.runId);
  }

  private async isSaved(): Promise<boolean> {
    if (!this.isSending) return true;
    return new Promise((resolve) => {
      const done = (): void => {
        cancelTimer();
        resolve(true);
      };
      const cancelTimer = this.services.clock.schedule(() => {
        this.waiting.delete(done);
        resolve(false);
      }, this.services.limits.value('stream.flushTimeoutMs'));
      this.waiting.add(done);
    });
  }

  /** Never rejects. */
  private async send(): Promise<void> {
    while (this.unsaved.length > 0 && !this.isFencedOut && !this.services.stopped.aborted) {
      const events = this.unsaved.slice(0, EVENTS_PER_CALL);
      try {
        this.settle(events, await this.save(events));
      } catch (error) {
        logger.debug({ message: 'events not saved, trying again', runId: this.runId, error });
        await this.pause();
      }
    }
    this.isSending = false;
    for (const done of this.waiting) done();
    this.waiting.clear();
  }

  private save(events: readonly SharedEvent[]): Promise<unknown> {
    const { redis, limits, instanceId } = this.services;
    const last = events.at(-1);
    const values = [
      this.fencingToken,
      events[0]?.seq ?? 0,
      limits.value('stream.unendedRetentionMs'),
      limits.value('stream.replayRetentionMs'),
      limits.value('stream.maxEventsPerRun'),
      instanceId,
      last && isTerminal(last.event.type) ? 1 : 0,
      ...events.flatMap(({ event, json }) => [event.type, json]),
    ];
    return APPEND.run(redis.commands, [this.keys.stream, this.keys.state, this.keys.bell], values);
  }

  private settle(events: readonly SharedEvent[], outcome: unknown): void {
    const lastSeq = events.at(-1)?.seq ?? 0;
    this.unsaved = this.unsaved.filter(({ seq }) => seq > lastSeq); // some may have gone for lack of room meanwhile
    if (outcome === 'kept') return this.services.onKept(this.runId, events);
    this.isFencedOut = outcome === 'fenced';
    this.isEnded = true;
    this.unsaved = [];
  }

  private async pause(): Promise<void> {
    const { clock, limits, stopped } = this.services;
    await clock.sleep(limits.value('stream.pollMs'), stopped).catch(() => undefined); // stopped: the loop ends
  }
}
