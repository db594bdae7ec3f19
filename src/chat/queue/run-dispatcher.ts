import { Inject, Injectable, Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { CLOCK, type Clock, DrainState } from '../../common/index.js';
import { CONFIG, type Config } from '../../config/index.js';
import { type Limits, LIMITS_READER } from '../../limits/index.js';
import { Metrics } from '../../metrics/index.js';
import { ModelRegistry } from '../../models/index.js';
import { ToolRegistry } from '../../tools/index.js';
import { RunExecutor } from '../loop/run-executor.js';
import { RunStopped } from '../loop/run-stopped.js';
import { ActiveRuns } from '../runs/active-runs.js';
import { RunHandOver } from '../runs/run-hand-over.js';
import { RunStore } from '../runs/run-store.js';
import { RUN_QUEUE, type RunQueue } from './run-queue.port.js';

/** Feeds the queue from the database and the executor from the queue, and lets go of both when the instance stops. */
@Injectable()
export class RunDispatcher implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly logger = new Logger(RunDispatcher.name);
  private stopListening?: () => Promise<void>;

  constructor(
    private readonly store: RunStore,
    private readonly executor: RunExecutor,
    private readonly handOver: RunHandOver,
    private readonly activeRuns: ActiveRuns,
    private readonly drain: DrainState,
    private readonly metrics: Metrics,
    private readonly models: ModelRegistry,
    private readonly tools: ToolRegistry,
    @Inject(RUN_QUEUE) private readonly queue: RunQueue,
    @Inject(LIMITS_READER) private readonly limits: Limits,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    this.metrics.declareModels(this.models.list().map((model) => model.id));
    this.metrics.declareTools(this.tools.declarations().map((tool) => tool.name));
    this.queue.start((runId) => this.executeAndGoOn(runId));
    this.stopListening = await this.handOver.listen((run) => void this.queue.enqueue([run]));
    const refilled = await this.refill();
    if (refilled > 0) this.logger.log({ message: 'runs taken up from the database', count: refilled });
  }

  /** Enqueues what the database says is waiting; safe to repeat. @returns how many */
  async refill(): Promise<number> {
    const runs = await this.store.findQueued(this.limits.value('chat.maxQueued'));
    await this.queue.enqueue(runs);
    return runs.length;
  }

  /** First of all hooks at shutdown: no new runs, a while for those under way; the rest is given back to the queue, where another instance or the next start finds it. */
  async onModuleDestroy(): Promise<void> {
    this.drain.begin();
    await this.stopListening?.(); // what is handed over from here on is for others
    const closed = this.queue.close();
    if (await this.isInTime(closed)) return;
    this.logger.warn({ message: 'runs are given back by the shutdown', count: this.activeRuns.count });
    this.activeRuns.stopAll(() => new RunStopped('shutdown', 'the server was shut down'));
    await closed;
  }

  private async isInTime(closed: Promise<void>): Promise<boolean> {
    const overdue = new AbortController(); // a timer left behind would keep the process alive for the rest of the grace
    try {
      return await Promise.race([closed.then(() => true), this.clock.sleep(this.config.shutdownGraceMs, overdue.signal).then(() => false)]);
    } finally {
      overdue.abort();
    }
  }

  private async executeAndGoOn(runId: string): Promise<void> {
    const conversationId = await this.executor.execute(runId);
    if (!conversationId) return;
    try {
      const next = await this.store.findNextQueued(conversationId);
      if (next) await this.queue.enqueue([next]);
    } catch (error) {
      this.logger.warn({ message: 'next run of the conversation not found; the orphaned-runs job will take it up', conversationId, error });
    }
  }
}
