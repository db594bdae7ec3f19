import { Injectable } from '@nestjs/common';
import { PrismaService } from '../../database/index.js';
import type { ToolCallRequest } from '../../models/index.js';
import { type ToolCallOutcome, type ToolDecision, ToolError, ToolRegistry } from '../../tools/index.js';
import type { RunContext } from '../loop/run-context.js';
import { type ApprovalAnswer, approvalOf, TIMEOUT_ANSWERER } from './approval.js';
import { RunSuspended } from './run-suspended.js';

/** Holds the calls of an answer against the policy before any of them runs. */
@Injectable()
export class ApprovalGate {
  constructor(
    private readonly prisma: PrismaService,
    private readonly tools: ToolRegistry,
  ) {}

  /**
   * @returns the calls that may not run, by id, with what the model is told
   * @throws RunSuspended when a person has to be asked first; none of the calls has run then, so that they keep their order
   */
  async pass(context: RunContext, calls: readonly ToolCallRequest[]): Promise<ReadonlyMap<string, ToolCallOutcome>> {
    const refused = new Map<string, ToolCallOutcome>();
    const asking: ToolCallRequest[] = [];
    for (const call of calls) {
      const decision = this.decide(context, call);
      if (decision === 'deny') refused.set(call.callId, refusal('Not run: the policy of this project forbids this call. Do without it, or tell the user.'));
      if (decision === 'ask') asking.push(call);
    }
    const unanswered = asking.length > 0 ? await this.sortOut(context.row.id, asking, refused) : [];
    if (unanswered.length > 0) throw new RunSuspended(unanswered);
    return refused;
  }

  /** A name that no tool has is refused by the runner, which knows what was meant: nobody is bothered with it. */
  private decide({ policy }: RunContext, call: ToolCallRequest): ToolDecision {
    const tool = this.tools.find(call.name);
    return tool ? policy.decide(call, tool.approval ?? 'allow') : 'allow';
  }

  /** @returns the calls that nobody was asked about yet */
  private async sortOut(runId: string, asking: readonly ToolCallRequest[], refused: Map<string, ToolCallOutcome>): Promise<ToolCallRequest[]> {
    const rows = await this.prisma.toolCall.findMany({ where: { runId, callId: { in: asking.map((call) => call.callId) } }, select: { callId: true, approval: true } });
    const approvals = new Map(rows.map((row) => [row.callId, approvalOf(row)]));
    return asking.filter((call) => {
      const answer = approvals.get(call.callId)?.answer;
      if (answer && !answer.approved) refused.set(call.callId, refusal(explain(answer)));
      return !answer;
    });
  }
}

function refusal(message: string): ToolCallOutcome {
  return { ok: false, error: new ToolError('denied', message) };
}

function explain({ by, reason }: ApprovalAnswer): string {
  if (by === TIMEOUT_ANSWERER) return 'Not run: nobody approved this call in time. Do without it, or tell the user what you would need.';
  return `Not run: the user refused this call${reason ? ` with the words: ${reason}` : ''}. Do not repeat it; find another way or ask.`;
}
