import { Inject, Injectable } from '@nestjs/common';
import { CLOCK, type Clock, newId } from '../../common/index.js';
import { Prisma, PrismaService } from '../../database/index.js';
import type { ToolCallRequest } from '../../models/index.js';
import type { RunPhase } from '../../streaming/index.js';
import type { RunStep } from '../loop/run-step.js';
import type { RunTotals } from '../loop/run-totals.js';
import type { QueuedRun } from '../queue/run-queue.port.js';
import { type RunRow, totalsColumns, totalsOf } from './run-row.js';
import { statusesAllowing } from './run-state.js';
import { storableJson } from './storable.js';

/** What the holder of a run writes with: nothing is changed under a stale token (I7). */
export interface RunFence {
  readonly runId: string;
  readonly fencingToken: number;
}

export interface LeaseRenewal {
  readonly leaseMs: number;
  /** Of all who held the run so far. */
  readonly workedMs: number;
}

export interface StepRecord {
  readonly iteration: number;
  readonly attempt: number;
  readonly model: string;
  readonly answer: RunStep['answer'];
  readonly finishReason: string;
  readonly usage: RunTotals['usage'];
  readonly chargedNanoUsd: bigint;
  readonly durationMs: number;
  readonly firstTokenMs: number | null;
}

export type AbandonedCancel = Pick<RunRow, 'id' | 'status' | 'cancelReason'>;
export type Orphan = Pick<RunRow, 'id' | 'userId' | 'iterations' | 'cancelRequestedAt' | 'cancelReason'>;

export interface ToolOutcome {
  readonly callId: string;
  readonly status: 'succeeded' | 'failed';
  readonly output: string;
  readonly isTruncated: boolean;
  readonly outputRef: string | null;
  readonly errorCode: string | null;
  readonly durationMs: number;
}

/** What may be taken up; one that somebody is cancelling may not. */
const CLAIMABLE = { status: 'queued', cancelRequestedAt: null } as const;

/** The rows of runs, steps and tool calls. Every change of a run is a compare-and-set under its fencing token. */
@Injectable()
export class RunStore {
  constructor(
    private readonly prisma: PrismaService,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /**
   * Takes a queued run, or returns undefined when another has it, it has ended, or its conversation has one that has begun and not ended.
   * One that had begun and is back in the queue, e.g. after an approval, has kept its conversation meanwhile.
   */
  async claim(runId: string, owner: string, leaseMs: number): Promise<RunRow | undefined> {
    const now = new Date(this.clock.now());
    const holder = { leaseOwner: owner, leaseExpiresAt: new Date(now.getTime() + leaseMs) };
    try {
      return (await this.take(runId, { startedAt: null }, { ...holder, startedAt: now })) ?? (await this.take(runId, { startedAt: { not: null } }, holder));
    } catch (error) {
      if (isUniqueViolation(error)) return undefined; // the index of runs that have begun: one per conversation
      throw error;
    }
  }

  private async take(runId: string, from: Prisma.RunWhereInput, data: Prisma.RunUpdateManyMutationInput): Promise<RunRow | undefined> {
    const rows = await this.prisma.run.updateManyAndReturn({
      where: { ...from, id: runId, ...CLAIMABLE },
      data: { ...data, status: 'running', fencingToken: { increment: 1 } },
    });
    return rows[0];
  }

  /** Takes a run away from whoever holds it, to end it. */
  async seize(runId: string, from: Prisma.RunWhereInput): Promise<RunRow | undefined> {
    const rows = await this.prisma.run.updateManyAndReturn({
      where: { ...from, id: runId, status: { in: statusesAllowing('cancel') } },
      data: { fencingToken: { increment: 1 } },
    });
    return rows[0];
  }

  /** @returns whether the run is still ours, and whether somebody wants it stopped */
  async renewLease(fence: RunFence, { leaseMs, workedMs }: LeaseRenewal): Promise<{ isOwned: boolean; cancelReason: string | null }> {
    const rows = await this.prisma.run.updateManyAndReturn({
      where: { id: fence.runId, fencingToken: fence.fencingToken, status: 'running' },
      data: { leaseExpiresAt: new Date(this.clock.now() + leaseMs), workedMs },
      select: { cancelRequestedAt: true, cancelReason: true },
    });
    const row = rows[0];
    return { isOwned: row !== undefined, cancelReason: row?.cancelRequestedAt ? (row.cancelReason ?? 'user') : null };
  }

  /** Marks a run to be stopped by its holder. @returns the row, or undefined when the user has no such run */
  async requestCancel(runId: string, userId: string, reason: string): Promise<RunRow | undefined> {
    await this.prisma.run.updateMany({
      where: { id: runId, userId, cancelRequestedAt: null, status: { in: statusesAllowing('cancel') } },
      data: { cancelRequestedAt: new Date(this.clock.now()), cancelReason: reason },
    });
    return (await this.prisma.run.findFirst({ where: { id: runId, userId } })) ?? undefined;
  }

  /** Keeps what the model answered, and its tool calls as begun, before any of them runs (I4). */
  async saveAnswer(fence: RunFence, step: StepRecord, calls: readonly (ToolCallRequest & { readonly isReadOnly: boolean })[], totals: RunTotals, phase: RunPhase, lastSeq: number): Promise<boolean> {
    const stepId = newId();
    const now = new Date(this.clock.now());
    return this.prisma.$transaction(async (tx) => {
      const { count } = await tx.run.updateMany({
        where: { id: fence.runId, fencingToken: fence.fencingToken, status: 'running' },
        data: { ...totalsColumns(totals), phase, lastSeq },
      });
      if (count === 0) return false;
      await tx.step.create({
        data: {
          id: stepId,
          runId: fence.runId,
          iteration: step.iteration,
          attempt: step.attempt,
          model: step.model,
          content: storableJson(step.answer) as unknown as Prisma.InputJsonObject,
          finishReason: step.finishReason,
          inputTokens: step.usage.inputTokens + step.usage.toolUseInputTokens,
          cachedInputTokens: step.usage.cachedInputTokens,
          outputTokens: step.usage.outputTokens,
          reasoningTokens: step.usage.reasoningTokens,
          chargedNanoUsd: step.chargedNanoUsd,
          durationMs: step.durationMs,
          firstTokenMs: step.firstTokenMs,
          createdAt: now,
        },
      });
      if (calls.length > 0) {
        await tx.toolCall.createMany({
          data: calls.map((call, position) => ({
            id: newId(),
            runId: fence.runId,
            stepId,
            callId: call.callId,
            iteration: step.iteration,
            position,
            name: call.name,
            input: storableJson(call.input ?? {}),
            isReadOnly: call.isReadOnly,
            status: 'pending',
            createdAt: now,
          })),
        });
      }
      return true;
    });
  }

  /**
   * A changing tool is about to start: from here on its outcome is unknown until recorded (I4).
   * @returns false when the run is no longer ours, and the tool must not start
   */
  async markToolStarted(fence: RunFence, callId: string): Promise<boolean> {
    const { count } = await this.prisma.toolCall.updateMany({
      where: { runId: fence.runId, callId, status: 'pending', run: { fencingToken: fence.fencingToken, status: 'running' } },
      data: { status: 'running' },
    });
    return count > 0;
  }

  /** Keeps the results of one iteration in one statement. */
  async saveToolOutcomes(fence: RunFence, outcomes: readonly ToolOutcome[], totals: RunTotals, lastSeq: number): Promise<boolean> {
    const finishedAt = new Date(this.clock.now());
    // The run first: that locks its row, so that the token it names is still the one when the outcomes are written (I7).
    const [{ count }] = await this.prisma.$transaction([
      this.prisma.run.updateMany({
        where: { id: fence.runId, fencingToken: fence.fencingToken, status: 'running' },
        data: { ...totalsColumns(totals), lastSeq },
      }),
      this.prisma.$executeRaw`
        UPDATE tool_calls AS t SET status = o.status, output = o.output, is_truncated = o."isTruncated", output_ref = o."outputRef",
          error_code = o."errorCode", duration_ms = o."durationMs", finished_at = ${finishedAt}::timestamptz
        FROM jsonb_to_recordset(${JSON.stringify(storableJson(outcomes))}::jsonb)
          AS o("callId" text, status text, output text, "isTruncated" boolean, "outputRef" text, "errorCode" text, "durationMs" int)
        WHERE t.run_id = ${fence.runId}::uuid AND t.call_id = o."callId"
          AND EXISTS (SELECT 1 FROM runs r WHERE r.id = t.run_id AND r.fencing_token = ${fence.fencingToken} AND r.status = 'running')`,
    ]);
    return count > 0;
  }

  /** The next run of a conversation that waits for its turn. */
  async findNextQueued(conversationId: string): Promise<QueuedRun | undefined> {
    const row = await this.prisma.run.findFirst({ where: { conversationId, ...CLAIMABLE }, orderBy: { id: 'asc' }, select: { id: true, userId: true } });
    return row ? toQueuedRun(row) : undefined;
  }

  async findQueued(limit: number): Promise<QueuedRun[]> {
    const rows = await this.prisma.run.findMany({ where: CLAIMABLE, orderBy: { id: 'asc' }, take: limit, select: { id: true, userId: true } });
    return rows.map(toQueuedRun);
  }

  /** Runs whose holder stopped renewing, oldest first. */
  async findOrphans(limit: number): Promise<Orphan[]> {
    return this.prisma.run.findMany({
      where: { status: 'running', leaseExpiresAt: { lt: new Date(this.clock.now()) } },
      orderBy: { leaseExpiresAt: 'asc' },
      take: limit,
      select: { id: true, userId: true, iterations: true, cancelRequestedAt: true, cancelReason: true },
    });
  }

  /** Runs that nobody works on and that were cancelled longer than `graceMs` ago and not ended by whoever did, oldest first. */
  async findAbandonedCancels(limit: number, graceMs: number): Promise<AbandonedCancel[]> {
    return this.prisma.run.findMany({
      where: { status: { in: ['queued', 'waiting'] }, cancelRequestedAt: { lt: new Date(this.clock.now() - graceMs) } },
      orderBy: { id: 'asc' },
      take: limit,
      select: { id: true, status: true, cancelReason: true },
    });
  }

  /** What was settled of a run, which its row may lag behind when its holder is gone. */
  async settledTotals(row: RunRow): Promise<RunTotals> {
    const { _sum: sum, _count: modelCalls } = await this.prisma.usageRecord.aggregate({
      where: { runId: row.id, isPresumed: false },
      _count: true,
      _sum: { inputTokens: true, cachedInputTokens: true, toolUseInputTokens: true, outputTokens: true, reasoningTokens: true, chargedNanoUsd: true },
    });
    return {
      ...totalsOf(row),
      modelCalls,
      usage: {
        inputTokens: sum.inputTokens ?? 0,
        cachedInputTokens: sum.cachedInputTokens ?? 0,
        toolUseInputTokens: sum.toolUseInputTokens ?? 0,
        outputTokens: sum.outputTokens ?? 0,
        reasoningTokens: sum.reasoningTokens ?? 0,
      },
      chargedNanoUsd: sum.chargedNanoUsd ?? 0n,
    };
  }

  async find(runId: string, userId: string): Promise<RunRow | undefined> {
    return (await this.prisma.run.findFirst({ where: { id: runId, userId } })) ?? undefined;
  }
}

function toQueuedRun({ id, userId }: Pick<RunRow, 'id' | 'userId'>): QueuedRun {
  return { runId: id, userId };
}

export function isUniqueViolation(error: unknown): boolean {
  return error instanceof Prisma.PrismaClientKnownRequestError && error.code === 'P2002';
}
