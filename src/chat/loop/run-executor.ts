import { randomUUID } from 'node:crypto';
import { Inject, Injectable, Logger } from '@nestjs/common';
import { BillingService } from '../../billing/index.js';
import { AppError, CLOCK, type Clock } from '../../common/index.js';
import { FailureDetectionService } from '../../failure-detection/index.js';
import { type Limits, LIMITS_READER } from '../../limits/index.js';
import { FencedOutError, RUN_EVENT_LOG, type RunError, type RunEventLog } from '../../streaming/index.js';
import { RunSuspended } from '../approvals/run-suspended.js';
import { RunSuspender } from '../approvals/run-suspender.js';
import { ActiveRuns } from '../runs/active-runs.js';
import { describeLimits } from '../runs/describe-limits.js';
import { DisconnectWatch } from '../runs/disconnect-watch.js';
import { RunFinisher } from '../runs/run-finisher.js';
import type { RunOutcome } from '../runs/run-outcome.js';
import { RunHandOver } from '../runs/run-hand-over.js';
import { intentOf, isTakenUpAgain, limitsOf, type RunRow, totalsOf } from '../runs/run-row.js';
import { RunLeases } from '../runs/run-leases.js';
import { RunStore } from '../runs/run-store.js';
import { AgentLoop } from './agent-loop.js';
import { startDeadline } from './deadline.js';
import { FailureReporter } from './failure-reporter.js';
import type { RunContext } from './run-context.js';
import { RunContextFactory } from './run-context.factory.js';
import { RunFailed } from './run-failed.js';
import { RunStopped } from './run-stopped.js';
import { RunTraces } from './run-traces.js';

/** Takes a queued run, holds its lease while the agent loop works on it, and ends it whatever happens (I1). */
@Injectable()
export class RunExecutor {
  private readonly logger = new Logger(RunExecutor.name);
  private readonly instanceId = randomUUID();

  constructor(
    private readonly store: RunStore,
    private readonly contexts: RunContextFactory,
    private readonly loop: AgentLoop,
    private readonly finisher: RunFinisher,
    private readonly leases: RunLeases,
    private readonly presences: DisconnectWatch,
    private readonly billing: BillingService,
    private readonly detection: FailureDetectionService,
    private readonly reporter: FailureReporter,
    private readonly suspender: RunSuspender,
    private readonly traces: RunTraces,
    private readonly handOver: RunHandOver,
    private readonly activeRuns: ActiveRuns,
    @Inject(RUN_EVENT_LOG) private readonly log: RunEventLog,
    @Inject(LIMITS_READER) private readonly limits: Limits,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /**
   * Never rejects: what goes wrong ends the run or, when even that fails, is logged for the clean-up job to finish.
   * @returns the conversation that is free for its next run, or undefined when the run was not ours
   */
  async execute(runId: string): Promise<string | undefined> {
    const active = this.activeRuns.add(runId);
    try {
      const row = await this.store.claim(runId, this.instanceId, this.limits.value('run.leaseMs'));
      if (!row) return undefined;
      await this.executeClaimed(row, active.signal);
      return row.conversationId;
    } catch (error) {
      if (!(error instanceof FencedOutError)) this.logger.error({ message: 'run could not be ended or given back; the orphaned-runs job will see to it', runId, error });
      return undefined;
    } finally {
      active.remove();
    }
  }

  private async executeClaimed(row: RunRow, stopSignal: AbortSignal): Promise<void> {
    const lease = this.leases.hold(row);
    const presence = this.presences.watch(row);
    const timeoutMs = this.limits.of(limitsOf(row), `run.timeoutMs.${intentOf(row)}`);
    const deadline = startDeadline(this.clock, AbortSignal.any([stopSignal, lease.signal, presence.signal]), Math.max(0, timeoutMs - row.workedMs), () => new RunStopped('run_timeout', `longer than ${timeoutMs} ms`));
    try {
      const writer = this.traces.follow(row, await this.log.openWriter(row.id, row.fencingToken, row.lastSeq));
      const context = await this.contexts.create(row, writer, deadline.signal, lease.workTime).catch((error: unknown) => this.failedToBegin(error, row.id));
      const outcome = 'outcome' in context ? context.outcome : await this.work(context);
      if (!outcome) return;
      const { text, totals } = 'outcome' in context ? { text: '', totals: totalsOf(row) } : { text: context.answer.text, totals: context.totals };
      if (totals.modelCalls === 0 || isTakenUpAgain(row)) await this.finisher.patiently(() => this.billing.releaseUnsent(row.id));
      const finished = await this.finisher.finish({ row, outcome, text, totals, writer });
      if (finished && !('outcome' in context)) await this.reporter.closeAll(context, outcome.status);
    } finally {
      this.traces.leave(row.id);
      deadline.clear();
      presence.release();
      lease.release();
    }
  }

  private failedToBegin(error: unknown, runId: string): { outcome: RunOutcome } {
    if (error instanceof AppError && error.kind !== 'internal') return { outcome: { status: 'failed', error: { code: error.code, message: error.message, retryable: false } } };
    return { outcome: this.unexpected(error, runId) };
  }

  /** @returns undefined when the run is no longer ours to end */
  private async work(context: RunContext): Promise<RunOutcome | undefined> {
    const { row } = context;
    if (!isTakenUpAgain(row)) this.tellStart(context);
    try {
      return await this.loop.run(context);
    } catch (error) {
      return this.outcomeOf(error, context);
    }
  }

  private tellStart({ row, limits, writer }: RunContext): void {
    writer.append({
      type: 'run.started',
      data: { conversationId: row.conversationId, userMessageId: row.userMessageId, intent: intentOf(row), model: row.model, limits: { ...describeLimits(limits, intentOf(row)) } },
    });
    writer.append({ type: 'run.phase', data: { phase: 'thinking' } });
  }

  private async outcomeOf(error: unknown, context: RunContext): Promise<RunOutcome | undefined> {
    if (error instanceof RunFailed) return { status: 'failed', error: error.runError };
    if (error instanceof FencedOutError) return undefined;
    if (error instanceof RunSuspended) return this.suspender.suspend(context, error.calls);
    if (!(error instanceof RunStopped)) return this.unexpected(error, context.row.id);
    if (error.stopCause === 'cancelled') return { status: 'cancelled', reason: error.detail };
    if (error.stopCause === 'lost_lease') return undefined;
    if (error.stopCause === 'shutdown') return this.handOver.release(context);
    return { status: 'failed', error: await this.explainStop(error, error.stopCause, context) };
  }

  /** A time limit ended the run: a failure that people are told of like any other. */
  private async explainStop({ detail }: RunStopped, cause: 'run_timeout' | 'iteration_timeout', context: RunContext): Promise<RunError> {
    const [failure] = this.detection.detectFailurePatterns({ source: 'run', kind: 'iteration_timeout' });
    const reason = `The run was ended: ${detail}. What it had answered so far is kept; try again, or ask for less at once.`;
    if (failure) await this.reporter.report(context, context.totals.iterations, 1, failure, { action: 'stop', strategy: 'manual', reason, summarise: false });
    return { code: cause, message: reason, pattern: failure?.pattern, retryable: true };
  }

  private unexpected(error: unknown, runId: string): RunOutcome {
    this.logger.error({ message: 'run failed unexpectedly', runId, error });
    return { status: 'failed', error: { code: 'internal_error', message: 'Something went wrong on our side. What was answered so far is kept; try again.', retryable: true } };
  }
}
