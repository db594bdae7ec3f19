import { Inject, Injectable, type OnModuleDestroy } from '@nestjs/common';
import { CLOCK, type Clock } from '../../common/index.js';
import { type Limits, LIMITS_READER } from '../../limits/index.js';
import type { RunEventBody } from '../run-event.js';
import { FencedOutError, type RunEventLog, type RunEventPage, type RunEventWriter } from '../run-event-log.port.js';
import { RunHistory } from './run-history.js';
import { Watchers } from './watchers.js';

/** No sweep sooner than this after the last, and none later, so that a changed retention is felt. */
const MIN_SWEEP_GAP_MS = 1_000;
const MAX_SWEEP_GAP_MS = 60_000;

/** Runs of this process, in memory: for one instance. Ended runs are forgotten after `stream.replayRetentionMs`. */
@Injectable()
export class MemoryRunEventLog implements RunEventLog, OnModuleDestroy {
  private readonly histories = new Map<string, RunHistory>();
  private readonly watchers = new Watchers();
  /** Ended runs, the first to have ended first, with the monotonic time of their end. */
  private readonly endedAtMs = new Map<string, number>();
  private keptEvents = 0;
  private cancelSweep: (() => void) | undefined;

  constructor(
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(LIMITS_READER) private readonly limits: Limits,
  ) {}

  async openWriter(runId: string, fencingToken: number, afterSeq: number): Promise<RunEventWriter> {
    const known = this.histories.get(runId);
    if (known && known.fencingToken > fencingToken) throw new FencedOutError(runId);
    const history = known && (known.ended || known.lastSeq >= afterSeq) ? known : this.begin(runId, afterSeq);
    history.fencingToken = fencingToken;
    this.watchers.announce(runId);
    return new MemoryRunEventWriter(history, fencingToken, (body) => this.append(history, body));
  }

  async read(runId: string, afterSeq: number, limit: number): Promise<RunEventPage> {
    return this.histories.get(runId)?.page(afterSeq, limit) ?? { state: 'gone', events: [], lastSeq: 0 };
  }

  watch(runId: string, onChange: () => void): () => void {
    return this.watchers.add(runId, onChange);
  }

  async drop(runId: string): Promise<void> {
    this.forget(runId);
    this.watchers.announce(runId);
  }

  keptHere(): string[] {
    return [...this.histories.keys()];
  }

  onModuleDestroy(): void {
    this.cancelSweep?.();
  }

  /** The hot path: once per chunk of a model's answer. */
  private append(history: RunHistory, body: RunEventBody): void {
    history.append(body, this.clock.now());
    this.keptEvents += 1 - history.trim(this.limits.value('stream.maxEventsPerRun'));
    if (history.ended) this.retire(history.runId);
    this.makeRoom();
    this.watchers.announce(history.runId);
  }

  /** What is known of the run ends before `afterSeq`, as after a crash of the process: it would leave a gap. */
  private begin(runId: string, afterSeq: number): RunHistory {
    this.forget(runId);
    const history = new RunHistory(runId, afterSeq);
    this.histories.set(runId, history);
    return history;
  }

  private retire(runId: string): void {
    this.endedAtMs.set(runId, this.clock.monotonicMs());
    this.scheduleSweep();
  }

  /** Ended runs give way to new events, oldest first; their clients then get a snapshot. */
  private makeRoom(): void {
    const maxEvents = this.limits.value('stream.maxEventsPerInstance');
    if (this.keptEvents <= maxEvents) return;
    for (const runId of this.endedAtMs.keys()) {
      this.forget(runId);
      if (this.keptEvents <= maxEvents) return;
    }
  }

  private scheduleSweep(): void {
    const [oldestEndMs] = this.endedAtMs.values();
    if (this.cancelSweep || oldestEndMs === undefined) return;
    const dueInMs = oldestEndMs + this.limits.value('stream.replayRetentionMs') - this.clock.monotonicMs();
    this.cancelSweep = this.clock.schedule(() => this.sweep(), Math.min(Math.max(dueInMs, MIN_SWEEP_GAP_MS), MAX_SWEEP_GAP_MS));
  }

  private sweep(): void {
    const retentionMs = this.limits.value('stream.replayRetentionMs');
    for (const [runId, endMs] of this.endedAtMs) {
      if (this.clock.monotonicMs() < endMs + retentionMs) break;
      this.forget(runId);
    }
    this.cancelSweep = undefined;
    this.scheduleSweep();
  }

  private forget(runId: string): void {
    const history = this.histories.get(runId);
    if (!history) return;
    history.fencingToken = Number.POSITIVE_INFINITY; // a writer that is still there writes to nobody
    this.keptEvents -= history.keptCount;
    this.histories.delete(runId);
    this.endedAtMs.delete(runId);
  }
}

class MemoryRunEventWriter implements RunEventWriter {
  constructor(
    private readonly history: RunHistory,
    private readonly fencingToken: number,
    private readonly log: (body: RunEventBody) => void,
  ) {}

  get lastSeq(): number {
    return this.history.lastSeq;
  }

  append(body: RunEventBody): void {
    if (this.history.ended || this.isFencedOut()) return;
    this.log(body);
  }

  async flush(): Promise<void> {
    if (this.isFencedOut()) throw new FencedOutError(this.history.runId);
  }

  private isFencedOut(): boolean {
    return this.history.fencingToken !== this.fencingToken;
  }
}
