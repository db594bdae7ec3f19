import { Injectable } from '@nestjs/common';
import { type AdmittedRun, clientKey, ClientRuns, KeyedAdmission } from '../../chat/index.js';
import type { Principal } from '../../common/index.js';
import type { ShownRun } from './ag-ui.stream-protocol.js';
import { AnsweredInterrupts, type ResumedRun } from './answered-interrupts.js';
import { messageToAnswer, type RunAgentInput } from './run-agent-input.schema.js';

/** Which run a client means: one that it has started or resumed before, the one whose questions it answers, or a new one. */
@Injectable()
export class AgUiRuns {
  constructor(
    private readonly admission: KeyedAdmission,
    private readonly runs: ClientRuns,
    private readonly interrupts: AnsweredInterrupts,
  ) {}

  /** @throws AppError: every refusal of a start, and of an answer to an approval */
  async open(principal: Principal, input: RunAgentInput): Promise<ShownRun> {
    const { threadId, runId } = input;
    const known = await this.find(principal.userId, input);
    return { threadId, runId, ...(known ?? (await this.begin(principal, input))) };
  }

  private async find(userId: string, { threadId, runId }: RunAgentInput): Promise<ResumedRun | undefined> {
    const { run } = await this.runs.find(userId, { conversation: clientKey('ag-ui', threadId), run: runId });
    return run ? fromItsStart(run) : this.interrupts.find(userId, { threadId, runId });
  }

  private async begin(principal: Principal, input: RunAgentInput): Promise<ResumedRun> {
    const { threadId, runId, resume = [], forwardedProps } = input;
    const interruptedRunId = resume[0]?.interruptId.runId;
    if (interruptedRunId !== undefined) return this.interrupts.answer(principal.userId, { threadId, runId }, interruptedRunId, resume);
    const request = { ...forwardedProps.lomu, message: messageToAnswer(input) };
    return fromItsStart(await this.admission.start(principal, request, { conversation: clientKey('ag-ui', threadId), run: runId }));
  }
}

function fromItsStart({ runId }: AdmittedRun): ResumedRun {
  return { lomuRunId: runId, answeredCallIds: [] };
}
