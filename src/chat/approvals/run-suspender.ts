import { Inject, Injectable } from '@nestjs/common';
import { CLOCK, type Clock } from '../../common/index.js';
import { PrismaService } from '../../database/index.js';
import { type Limits, LIMITS_READER } from '../../limits/index.js';
import type { ToolCallRequest } from '../../models/index.js';
import type { RunContext } from '../loop/run-context.js';
import type { RunOutcome } from '../runs/run-outcome.js';
import { totalsColumns } from '../runs/run-row.js';
import { statusesAllowing } from '../runs/run-state.js';
import { toApprovalJson } from './approval.js';

/** Lets a run wait for a person: its rows say all that is needed to go on, and no worker is held. */
@Injectable()
export class RunSuspender {
  constructor(
    private readonly prisma: PrismaService,
    @Inject(LIMITS_READER) private readonly limits: Limits,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** @returns undefined when the run waits now, or is no longer ours (I7); its end when somebody cancelled it meanwhile */
  async suspend(context: RunContext, calls: readonly ToolCallRequest[]): Promise<RunOutcome | undefined> {
    const { row, fence, totals, writer, workTime } = context;
    const now = this.clock.now();
    const expiresAt = new Date(now + this.limits.of(context.limits, 'approval.timeoutMs'));
    const suspended = await this.prisma.$transaction(async (tx) => {
      const { count } = await tx.run.updateMany({
        where: { id: fence.runId, fencingToken: fence.fencingToken, status: { in: statusesAllowing('suspend') }, cancelRequestedAt: null },
        // The sequence numbers of the questions are taken before they are asked: whoever answers at once goes on after them.
        data: { ...totalsColumns(totals), status: 'waiting', phase: context.phase, workedMs: workTime.totalMs, lastSeq: writer.lastSeq + calls.length, leaseOwner: null, leaseExpiresAt: null },
      });
      if (count === 0) return false;
      await tx.toolCall.updateMany({
        where: { runId: row.id, callId: { in: calls.map((call) => call.callId) }, status: 'pending' },
        data: { status: 'waiting', approval: toApprovalJson({ requestedAt: new Date(now).toISOString() }), expiresAt },
      });
      return true;
    });
    if (!suspended) return this.endIfCancelled(context);
    for (const [index, { callId, name, input }] of calls.entries()) {
      writer.append({ type: 'tool.approval_requested', data: { callId, name, input, expiresAt: expiresAt.toISOString(), remaining: calls.length - 1 - index } });
    }
    await writer.flush();
    return undefined;
  }

  private async endIfCancelled({ fence }: RunContext): Promise<RunOutcome | undefined> {
    const row = await this.prisma.run.findFirst({ where: { id: fence.runId, fencingToken: fence.fencingToken, cancelRequestedAt: { not: null } }, select: { cancelReason: true } });
    return row ? { status: 'cancelled', reason: row.cancelReason ?? 'user' } : undefined;
  }
}
