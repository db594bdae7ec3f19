import { Inject, Injectable, Logger } from '@nestjs/common';
import { BillingService } from '../../billing/index.js';
import { CLOCK, type Clock } from '../../common/index.js';
import { Prisma, PrismaService } from '../../database/index.js';
import { type Limits, LIMITS_READER } from '../../limits/index.js';
import { Metrics } from '../../metrics/index.js';
import type { RunEventWriter } from '../../streaming/index.js';
import { RunChanges } from '../changes/run-changes.js';
import { type RunTotals, toRunUsage } from '../loop/run-totals.js';
import { type RunOutcome, terminalEvent } from './run-outcome.js';
import { ageMs, intentOf, type RunRow, totalsColumns } from './run-row.js';
import { type RunTransition, statusesAllowing } from './run-state.js';
import { writePatiently } from './patient-write.js';
import { storableJson, storableText } from './storable.js';

const TRANSITION: Readonly<Record<RunOutcome['status'], RunTransition>> = { completed: 'complete', failed: 'fail', cancelled: 'cancel' };

export interface FinishedRun {
  /** The row as claimed or seized; its fencing token is the one to write under. */
  readonly row: RunRow;
  readonly outcome: RunOutcome;
  readonly text: string;
  readonly totals: RunTotals;
  readonly writer: RunEventWriter;
}

/** Ends a run exactly once (I1): row and answer in one transaction, then the terminal event, then the measurements. */
@Injectable()
export class RunFinisher {
  private readonly logger = new Logger('Run');

  constructor(
    private readonly prisma: PrismaService,
    private readonly billing: BillingService,
    private readonly metrics: Metrics,
    private readonly changes: RunChanges,
    @Inject(LIMITS_READER) private readonly limits: Limits,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** @returns false when another holder has ended or taken over the run */
  async finish(run: FinishedRun): Promise<boolean> {
    const { row, outcome, text, totals, writer } = run;
    await this.changes.close(row);
    const finishedAt = this.clock.now();
    const usage = toRunUsage(totals, ageMs(row, finishedAt));
    const billing = await this.patiently(() => this.billing.describeRun({ userId: row.userId, chargedNanoUsd: totals.chargedNanoUsd, estimatedNanoUsd: row.estimatedNanoUsd }));
    if (!(await this.patiently(() => this.saveEnd(run, usage.durationMs, usage.tokensPerSecond, finishedAt)))) return false;
    // Nothing may come between the saved end and its event: what failed there would leave a run ended and its clients waiting.
    writer.append({ type: 'run.phase', data: { phase: 'complete' } });
    writer.append(terminalEvent(outcome, { id: row.assistantMessageId, text }, usage, billing));
    await writer.flush();
    this.measure(row, outcome, totals, usage.durationMs, usage.tokensPerSecond);
    return true;
  }

  /** For what belongs to the end of a run: left unwritten, its clients wait until the clean-up job finds it. */
  patiently<Result>(write: () => Promise<Result>): Promise<Result> {
    const patience = { firstDelayMs: this.limits.value('retry.firstDelayMs'), maxDelayMs: this.limits.value('retry.maxDelayMs'), maxWaitMs: this.limits.value('run.leaseMs') };
    return writePatiently(this.clock, patience, write);
  }

  private async saveEnd({ row, outcome, text, totals, writer }: FinishedRun, durationMs: number, tokensPerSecond: number | null, finishedAt: number): Promise<boolean> {
    const at = new Date(finishedAt);
    return this.prisma.$transaction(async (tx) => {
      const { count } = await tx.run.updateMany({
        where: { id: row.id, fencingToken: row.fencingToken, status: { in: statusesAllowing(TRANSITION[outcome.status]) } },
        data: {
          ...totalsColumns(totals),
          status: outcome.status,
          phase: 'complete',
          durationMs,
          tokensPerSecond,
          finishReason: outcome.status === 'completed' ? outcome.finishReason : null,
          error: outcome.status === 'failed' ? ({ ...storableJson(outcome.error) }) : Prisma.DbNull,
          failurePattern: outcome.status === 'failed' ? (outcome.error.pattern ?? null) : row.failurePattern,
          ...(outcome.status === 'cancelled' ? { cancelReason: outcome.reason } : {}),
          lastSeq: writer.lastSeq + 2, // the phase and the terminal event follow
          finishedAt: at,
          leaseExpiresAt: null,
        },
      });
      if (count === 0) return false;
      if (text !== '') {
        await tx.message.create({
          data: { id: row.assistantMessageId, conversationId: row.conversationId, runId: row.id, role: 'assistant', text: storableText(text), createdAt: at },
        });
      }
      await tx.conversation.updateMany({ where: { id: row.conversationId }, data: { lastActiveAt: at } });
      await tx.conversationSession.updateMany({
        where: { id: row.sessionId },
        data: { lastActiveAt: at, modelCalls: { increment: totals.modelCalls }, toolCalls: { increment: totals.toolCalls } },
      });
      return true;
    });
  }

  private measure(row: RunRow, outcome: RunOutcome, totals: RunTotals, durationMs: number, tokensPerSecond: number | null): void {
    const failurePattern = outcome.status === 'failed' ? (outcome.error.pattern ?? outcome.error.code) : null;
    this.metrics.recordRun({
      intent: intentOf(row),
      model: row.model,
      outcome: outcome.status,
      durationMs,
      timeToFirstTokenMs: totals.timeToFirstTokenMs,
      tokensPerSecond,
      usage: totals.usage,
      chargedNanoUsd: totals.chargedNanoUsd,
      iterations: totals.iterations,
      toolCalls: totals.toolCalls,
      failurePattern,
    });
    this.logger.log({
      message: 'run ended',
      runId: row.id,
      userId: row.userId,
      outcome: outcome.status,
      intent: row.intent,
      model: row.model,
      durationMs,
      timeToFirstTokenMs: totals.timeToFirstTokenMs,
      iterations: totals.iterations,
      modelCalls: totals.modelCalls,
      toolCalls: totals.toolCalls,
      retries: totals.retries,
      inputTokens: totals.usage.inputTokens,
      outputTokens: totals.usage.outputTokens,
      reasoningTokens: totals.usage.reasoningTokens,
      chargedNanoUsd: totals.chargedNanoUsd.toString(),
      failurePattern,
    });
  }
}
