import { createHash } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { ToolApprovals } from '../../chat/index.js';
import { AppError, CLOCK, type Clock } from '../../common/index.js';
import { PrismaService } from '../../database/index.js';
import { Idempotency, type IdempotencyClaim } from '../../http/index.js';
import type { AgUiRun } from './ag-ui-projector.js';
import type { RunAgentInput } from './run-agent-input.schema.js';

const SCOPE = 'POST /api/ag-ui resume';

/** A run here that goes on as another run of the client, once these calls were answered. */
export interface ResumedRun {
  readonly lomuRunId: string;
  readonly answeredCallIds: readonly string[];
}

/** Answers interrupts, and remembers for a day which run of a client that made, so that it can come back for it. */
@Injectable()
export class AnsweredInterrupts {
  constructor(
    private readonly approvals: ToolApprovals,
    private readonly prisma: PrismaService,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  async find(userId: string, run: AgUiRun): Promise<ResumedRun | undefined> {
    return (await Idempotency.replay(this.prisma, claimOf(userId, run), this.now())) as ResumedRun | undefined;
  }

  /**
   * The same answers again change nothing.
   * @throws AppError as ToolApprovals does, not for a question that the client drops and that is answered already; `validation_failed`
   *   when a question is left out, because the client's run would begin behind it
   */
  async answer(userId: string, run: AgUiRun, lomuRunId: string, entries: readonly ResumeEntry[]): Promise<ResumedRun> {
    const answeredCallIds = entries.map(({ interruptId }) => interruptId.callId);
    const pending = await this.approvals.pending(userId, lomuRunId);
    if (isOneLeftOut(pending.map(({ callId }) => answeredCallIds.includes(callId)))) throw new AppError('validation_failed', 'resume: must answer every interrupt that is open.');
    for (const entry of entries) await this.answerOne(userId, lomuRunId, entry);
    const resumed = { lomuRunId, answeredCallIds };
    await this.remember(userId, run, resumed);
    return resumed;
  }

  private async answerOne(userId: string, runId: string, { interruptId: { callId }, ...answer }: ResumeEntry): Promise<void> {
    if (answer.status === 'resolved') return void (await this.approvals.answer(userId, runId, callId, answer.payload));
    try {
      await this.approvals.answer(userId, runId, callId, { approved: false });
    } catch (error) {
      // It insists on nothing, and this is its only way on from a question whose time is over or that was answered elsewhere.
      if (!(error instanceof AppError && (error.code === 'approval_answered' || error.code === 'invalid_state'))) throw error;
    }
  }

  private async remember(userId: string, run: AgUiRun, resumed: ResumedRun): Promise<void> {
    const claim = claimOf(userId, run);
    try {
      await Idempotency.store(this.prisma, claim, resumed.lomuRunId, resumed, this.now());
    } catch (error) {
      if (!Idempotency.lostRace(error, claim)) throw error; // the same request, twice at a time
    }
  }

  private now(): Date {
    return new Date(this.clock.now());
  }
}

/** Whether a question before one that is answered stays open. */
function isOneLeftOut(isAnswered: readonly boolean[]): boolean {
  return isAnswered.includes(false) && isAnswered.lastIndexOf(true) > isAnswered.indexOf(false);
}

type ResumeEntry = NonNullable<RunAgentInput['resume']>[number];

function claimOf(userId: string, { threadId, runId }: AgUiRun): IdempotencyClaim | undefined {
  const key = createHash('sha256').update(JSON.stringify([threadId, runId])).digest('hex'); // ids of clients may be what a key may not
  return Idempotency.claim(userId, SCOPE, key, {});
}
