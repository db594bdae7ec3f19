import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { type Limits, LIMITS_READER } from '../../limits/index.js';
import { ToolError } from '../tool-error.js';
import type { ReportOf, TraversalJob } from './traversal-job.js';
import { type JobOptions, TraversalThread } from './traversal-thread.js';

/**
 * Threads that walk and search trees, so that neither a large tree nor a pattern that backtracks for ever blocks the event loop:
 * a job that is given up on is ended in the middle, with its thread.
 */
@Injectable()
export class TraversalThreads implements OnApplicationShutdown {
  private readonly threads = new Set<TraversalThread>();
  private readonly idle: TraversalThread[] = [];
  private readonly waiting = new Set<() => void>();
  private working = 0;

  constructor(@Inject(LIMITS_READER) private readonly limits: Limits) {}

  /** How many jobs are worked on at the same time. */
  get size(): number {
    return this.limits.value('search.threads');
  }

  /** @throws ToolError for what the model can act on, the signal's reason when it aborts */
  async run<Job extends TraversalJob>(job: Job, options: JobOptions): Promise<ReportOf<Job>> {
    await this.takeTurn(options.signal);
    const thread = this.takeIdle() ?? this.start();
    try {
      return await thread.perform(job, options);
    } finally {
      if (thread.isUsable) this.idle.push(thread);
      else this.threads.delete(thread);
      this.passTurn();
    }
  }

  async onApplicationShutdown(): Promise<void> {
    await Promise.all([...this.threads].map((thread) => thread.end()));
    this.threads.clear();
    this.idle.length = 0;
  }

  private takeIdle(): TraversalThread | undefined {
    for (let thread = this.idle.pop(); thread; thread = this.idle.pop()) {
      if (thread.isUsable) return thread;
      this.threads.delete(thread); // it died of itself meanwhile
    }
    return undefined;
  }

  private start(): TraversalThread {
    const thread = new TraversalThread();
    this.threads.add(thread);
    return thread;
  }

  private async takeTurn(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (this.working < this.size) {
      this.working++;
      return;
    }
    if (this.waiting.size >= this.limits.value('search.maxQueued')) throw new ToolError('limit_reached', 'Too many searches are waiting on this server. Try again later.');
    await new Promise<void>((resolve, reject) => {
      const start = (): void => {
        signal.removeEventListener('abort', giveUp);
        resolve();
      };
      const giveUp = (): void => {
        this.waiting.delete(start);
        reject(signal.reason);
      };
      this.waiting.add(start);
      signal.addEventListener('abort', giveUp, { once: true });
    });
  }

  /** Hands the turn to whoever waits longest; the number of jobs at work stays. */
  private passTurn(): void {
    const [next] = this.waiting;
    if (!next || this.working > this.size) {
      this.working--;
      return;
    }
    this.waiting.delete(next);
    next();
  }
}
