import { Injectable } from '@nestjs/common';
import { BillingService } from '../../billing/index.js';
import { isId } from '../../common/index.js';
import { type Prisma, PrismaService } from '../../database/index.js';
import type { RunDirectory, RunError, RunPhase, RunRecord, RunSnapshot, SnapshotToolCall } from '../../streaming/index.js';
import { AnswerHistory } from './answer-history.js';
import { type RunOutcome, type FinishedBecause, terminalEvent } from './run-outcome.js';
import { usageOf } from './run-presenter.js';
import { intentOf, type RunRow } from './run-row.js';
import { isFinal } from './run-state.js';

type ToolCallRow = Prisma.ToolCallGetPayload<object>;

/** Tells streaming about runs whose events are no longer kept, from the rows that are. */
@Injectable()
export class ChatRunDirectory implements RunDirectory {
  constructor(
    private readonly prisma: PrismaService,
    private readonly billing: BillingService,
    private readonly answers: AnswerHistory,
  ) {}

  async findOwner(runId: string): Promise<string | undefined> {
    if (!isId(runId)) return undefined; // the column takes nothing but ids
    const row = await this.prisma.run.findUnique({ where: { id: runId }, select: { userId: true } });
    return row?.userId;
  }

  async hasEnded(runId: string): Promise<boolean> {
    const row = await this.prisma.run.findUnique({ where: { id: runId }, select: { status: true } });
    return row !== null && isFinal(row.status);
  }

  async findRecord(runId: string): Promise<RunRecord | undefined> {
    const row = await this.prisma.run.findUnique({ where: { id: runId } });
    if (!row) return undefined;
    const [text, toolCalls] = await Promise.all([this.textOf(row), this.toolCallsOf(row)]);
    const snapshot: RunSnapshot = {
      status: row.status,
      phase: row.phase as RunPhase,
      intent: intentOf(row),
      model: row.model,
      conversationId: row.conversationId,
      message: { id: row.assistantMessageId, text },
      reasoning: '',
      toolCalls,
      iteration: row.iterations,
    };
    const terminal = isFinal(row.status) ? await this.terminalOf(row, text) : undefined;
    return { snapshot, lastSeq: row.lastSeq, terminal, at: (row.finishedAt ?? row.startedAt ?? row.createdAt).getTime() };
  }

  /** What the events up to the row's last number told: those that follow it would tell a later text twice. */
  private async textOf(row: RunRow): Promise<string> {
    if (!isFinal(row.status)) return this.answers.textOf(row);
    const message = await this.prisma.message.findUnique({ where: { id: row.assistantMessageId }, select: { text: true } });
    return message?.text ?? '';
  }

  private async toolCallsOf({ id: runId, status }: RunRow): Promise<SnapshotToolCall[]> {
    const rows = await this.prisma.toolCall.findMany({ where: { runId }, orderBy: [{ iteration: 'asc' }, { position: 'asc' }] });
    return rows.map((row) => ({ callId: row.callId, name: row.name, input: row.input, readOnly: row.isReadOnly, ...stateOf(row, isFinal(status)) }));
  }

  private async terminalOf(row: RunRow, text: string): Promise<RunRecord['terminal']> {
    const billing = await this.billing.describeRun({ userId: row.userId, chargedNanoUsd: row.chargedNanoUsd, estimatedNanoUsd: row.estimatedNanoUsd });
    return terminalEvent(outcomeOf(row), { id: row.assistantMessageId, text }, usageOf(row), billing);
  }
}

/** A call without an outcome in a run that has ended: whether it took effect nobody knows, unless it never began (I4). */
function stateOf(call: ToolCallRow, hasRunEnded: boolean): Pick<SnapshotToolCall, 'status' | 'output' | 'error'> {
  if (call.status === 'succeeded') return { status: 'succeeded', output: call.output ?? '' };
  if (call.status === 'failed') return { status: 'failed', error: { code: call.errorCode ?? 'internal', message: call.output ?? '' } };
  if (!hasRunEnded) return { status: call.status === 'waiting' ? 'waiting' : 'running' };
  const mayHaveRun = call.status === 'running' && !call.isReadOnly;
  return { status: 'failed', error: mayHaveRun ? { code: 'outcome_unknown', message: 'The run ended before the outcome was known.' } : { code: 'cancelled', message: 'The run ended first.' } };
}

function outcomeOf(row: RunRow): RunOutcome {
  if (row.status === 'completed') return { status: 'completed', finishReason: row.finishReason as FinishedBecause };
  if (row.status === 'cancelled') return { status: 'cancelled', reason: row.cancelReason ?? 'user' };
  return { status: 'failed', error: row.error as unknown as RunError };
}
