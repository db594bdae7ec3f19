import { Inject, Injectable } from '@nestjs/common';
import { AppError, CLOCK, type Clock } from '../../common/index.js';
import { type Database, Prisma, PrismaService } from '../../database/index.js';
import { RUN_QUEUE, type RunQueue } from '../queue/run-queue.port.js';
import type { RunRow } from '../runs/run-row.js';
import { isFinal, statusesAllowing } from '../runs/run-state.js';
import { storableText } from '../runs/storable.js';
import { type Approval, type ApprovalAnswer, approvalOf, TIMEOUT_ANSWERER, toApprovalJson } from './approval.js';

/** A tool call that waits for a person. */
export interface PendingApproval {
  readonly runId: string;
  readonly callId: string;
  readonly name: string;
  readonly input: unknown;
  readonly expiresAt: string;
}

export interface ApprovalRequest {
  readonly approved: boolean;
  /** Told to the model when the answer is no. */
  readonly reason?: string;
}

export interface AnsweredApproval {
  readonly runId: string;
  readonly callId: string;
  readonly approved: boolean;
  /** Of the run: `queued` once nothing else of it waits. */
  readonly status: string;
}

type CallRow = Prisma.ToolCallGetPayload<object>;

/** Answers to the question whether a tool call may run. With the last one the run goes on. */
@Injectable()
export class ToolApprovals {
  constructor(
    private readonly prisma: PrismaService,
    @Inject(RUN_QUEUE) private readonly queue: RunQueue,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** What waits for this user in a run, in the order of the calls. */
  async pending(userId: string, runId: string): Promise<PendingApproval[]> {
    const rows = await this.prisma.toolCall.findMany({ where: { runId, status: 'waiting', run: { userId } }, orderBy: { position: 'asc' } });
    return rows.map(({ callId, name, input, expiresAt }) => ({ runId, callId, name, input, expiresAt: (expiresAt as Date).toISOString() }));
  }

  /** Ids of the calls of a run that have their answer, whether they were run since or not. */
  async answered(userId: string, runId: string): Promise<string[]> {
    const rows = await this.prisma.toolCall.findMany({ where: { runId, run: { userId }, approval: { not: Prisma.DbNull } }, select: { callId: true, approval: true } });
    return rows.filter((row) => approvalOf(row)?.answer).map(({ callId }) => callId);
  }

  /**
   * The same answer again changes nothing.
   * @throws AppError `run_not_found`, also for a run of somebody else; `approval_not_found`; `approval_answered` when it was
   *   answered otherwise or its time is over; `invalid_state` when the run has ended without an answer
   */
  async answer(userId: string, runId: string, callId: string, request: ApprovalRequest): Promise<AnsweredApproval> {
    const answered = await this.prisma.$transaction(async (tx) => {
      const run = await lockRun(tx, runId, userId);
      if (!run) throw new AppError('run_not_found', `There is no run ${runId}.`);
      const call = await tx.toolCall.findUnique({ where: { runId_callId: { runId, callId } } });
      const approval = call ? approvalOf(call) : undefined;
      if (!call || !approval) throw new AppError('approval_not_found', `Run ${runId} has no call ${callId} that asks for an approval.`);
      if (approval.answer) return { answer: approval.answer, run: { status: run.status, userId } };
      if (isFinal(run.status)) throw new AppError('invalid_state', `The run has ended: it was ${run.status}. Nothing waits for an answer.`);
      const answer = this.answerInTime(call, { ...request, by: userId });
      await keepAnswer(tx, call, approval, answer);
      return { answer, run: await resumeIfNothingWaits(tx, runId) };
    });
    await this.goOn(runId, answered.run);
    assertSame(answered.answer, request);
    return { runId, callId, approved: answered.answer.approved, status: answered.run.status };
  }

  /** Says no to up to `batchSize` calls that nobody answered in time. @returns how many */
  async expireDue(batchSize: number): Promise<number> {
    const due = await this.prisma.toolCall.findMany({
      where: { status: 'waiting', expiresAt: { lte: new Date(this.clock.now()) } },
      orderBy: { expiresAt: 'asc' },
      take: batchSize,
      select: { runId: true, callId: true },
    });
    let expired = 0;
    for (const runId of new Set(due.map((call) => call.runId))) expired += await this.expire(runId, due.filter((call) => call.runId === runId).map((call) => call.callId));
    return expired;
  }

  /** @returns how many of the calls still waited */
  private async expire(runId: string, callIds: readonly string[]): Promise<number> {
    const { count, run } = await this.prisma.$transaction(async (tx) => {
      if (!(await lockRun(tx, runId))) return { count: 0 }; // it was deleted
      const calls = await tx.toolCall.findMany({ where: { runId, callId: { in: [...callIds] }, status: 'waiting' } });
      for (const call of calls) await keepAnswer(tx, call, approvalOf(call) as Approval, this.answerInTime(call, { approved: false, by: TIMEOUT_ANSWERER }));
      return { count: calls.length, run: calls.length > 0 ? await resumeIfNothingWaits(tx, runId) : undefined };
    });
    if (run) await this.goOn(runId, run);
    return count;
  }

  private answerInTime(call: CallRow, { approved, reason, by }: ApprovalRequest & { by: string }): ApprovalAnswer {
    const now = this.clock.now();
    const at = new Date(now).toISOString();
    if (call.expiresAt && call.expiresAt.getTime() <= now) return { approved: false, by: TIMEOUT_ANSWERER, at };
    return { approved, by, at, ...(reason ? { reason: storableText(reason) } : {}) };
  }

  private async goOn(runId: string, { status, userId }: AnsweredRun): Promise<void> {
    if (status === 'queued') await this.queue.enqueue([{ runId, userId }]);
  }
}

type AnsweredRun = Pick<RunRow, 'status' | 'userId'>;

/** Answers to one run take turns, so that exactly one of them is the last. */
async function lockRun(tx: Database, runId: string, userId?: string): Promise<{ status: string } | null> {
  await tx.$executeRaw`SELECT id FROM runs WHERE id = ${runId}::uuid FOR UPDATE`;
  return tx.run.findFirst({ where: { id: runId, userId }, select: { status: true } });
}

async function keepAnswer(tx: Database, call: CallRow, approval: Approval, answer: ApprovalAnswer): Promise<void> {
  await tx.toolCall.update({ where: { id: call.id }, data: { status: 'pending', approval: toApprovalJson({ ...approval, answer }) } });
}

async function resumeIfNothingWaits(tx: Database, runId: string): Promise<AnsweredRun> {
  const waiting = await tx.toolCall.count({ where: { runId, status: 'waiting' } });
  if (waiting === 0) await tx.run.updateMany({ where: { id: runId, status: { in: statusesAllowing('resume') } }, data: { status: 'queued' } });
  return tx.run.findUniqueOrThrow({ where: { id: runId }, select: { status: true, userId: true } });
}

function assertSame(answer: ApprovalAnswer, request: ApprovalRequest): void {
  if (answer.approved === request.approved) return;
  const how = answer.by === TIMEOUT_ANSWERER ? 'Nobody answered in time, which counts as a no.' : `This call was ${answer.approved ? 'approved' : 'refused'} already, at ${answer.at}.`;
  throw new AppError('approval_answered', how);
}
