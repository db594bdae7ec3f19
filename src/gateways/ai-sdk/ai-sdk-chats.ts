import { Injectable } from '@nestjs/common';
import { type AdmittedRun, clientKey, type ClientRun, ClientRuns, KeyedAdmission, RunCanceller, ToolApprovals } from '../../chat/index.js';
import { AppError, type Principal } from '../../common/index.js';
import type { ChatRequest } from './chat-request.schema.js';
import type { ApprovalAnswer } from './chat-turn.js';
import type { MessageHead } from './ui-message.stream-protocol.js';

/** A run to be shown, and which of its questions have an answer. */
export interface ShownRun {
  readonly head: MessageHead;
  readonly answered: readonly string[];
  /** Those that the request itself answered: what came before them is on the client's screen. */
  readonly answeredNow?: readonly string[];
}

const IDEMPOTENCY_SCOPE = 'POST /api/chat';

/** Chats as AI SDK's clients know them, by ids of their own, over conversations and runs. */
@Injectable()
export class AiSdkChats {
  constructor(
    private readonly admission: KeyedAdmission,
    private readonly runs: ClientRuns,
    private readonly approvals: ToolApprovals,
    private readonly canceller: RunCanceller,
  ) {}

  /**
   * Runs a message. The same message again, by its id and text, is the same run. One that is to be answered anew, or was edited,
   * takes the place of its run and of everything after it; the run must have ended.
   */
  async start(principal: Principal, request: ChatRequest, text: string, idempotencyKey?: string): Promise<ShownRun> {
    const { id, messages: message, trigger, projectId, intent, model, onBusy, onDisconnect } = request;
    const keys = { conversation: keyOf(id), run: message.id };
    const known = keys.run === undefined ? undefined : await this.runs.named(principal.userId, { ...keys, run: keys.run });
    if (known && trigger === 'submit-message' && known.message === text) return this.show(principal.userId, headOf(known));
    const start = { message: text, projectId, intent, model, onDisconnect };
    const run = await this.admission.start(principal, known ? { ...start, onBusy: 'reject', replaces: known.runId } : { ...start, onBusy }, keys, idempotencyKey, IDEMPOTENCY_SCOPE);
    return { head: headOf(run), answered: [] };
  }

  /** @throws AppError `run_not_found`, and as ToolApprovals.answer does */
  async answer(principal: Principal, { id, messages: { id: messageId } }: ChatRequest, answers: readonly ApprovalAnswer[]): Promise<ShownRun> {
    const run = messageId === undefined ? undefined : await this.runs.ofMessage(principal.userId, keyOf(id), messageId);
    if (!run) throw new AppError('run_not_found', 'This chat has no run that gave the message with these approvals.');
    for (const { callId, ...answer } of answers) await this.approvals.answer(principal.userId, run.runId, callId, answer);
    return { ...(await this.show(principal.userId, headOf(run))), answeredNow: answers.map(({ callId }) => callId) };
  }

  /** The newest run that goes on, or undefined when nothing does. */
  async resume(principal: Principal, chatId: string): Promise<ShownRun | undefined> {
    const run = (await this.runs.active(principal.userId, keyOf(chatId))).at(-1);
    return run && this.show(principal.userId, headOf(run));
  }

  /**
   * Stops whatever goes on; nothing may.
   * @throws AppError `conversation_not_found`
   */
  async stop({ userId }: Principal, chatId: string): Promise<string[]> {
    const key = keyOf(chatId);
    if (!(await this.runs.conversationOf(userId, key))) throw new AppError('conversation_not_found', `There is no chat ${chatId}.`);
    const active = await this.runs.active(userId, key);
    await Promise.all(active.map(({ runId }) => this.canceller.cancel(runId, userId)));
    return active.map(({ runId }) => runId);
  }

  private async show(userId: string, head: MessageHead): Promise<ShownRun> {
    return { head, answered: await this.approvals.answered(userId, head.runId) };
  }
}

function keyOf(chatId: string): string {
  return clientKey('ai-sdk', chatId);
}

function headOf(run: AdmittedRun | ClientRun): MessageHead {
  return { runId: run.runId, conversationId: run.conversationId, messageId: 'messageId' in run ? run.messageId : run.assistantMessageId };
}
