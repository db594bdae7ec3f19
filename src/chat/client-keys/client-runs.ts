import { Injectable } from '@nestjs/common';
import type { Estimate } from '../../billing/index.js';
import { isId } from '../../common/index.js';
import { PrismaService } from '../../database/index.js';
import type { AdmittedRun } from '../admission/run-admission.js';
import { describeLimits } from '../runs/describe-limits.js';
import { EventsUrls } from '../runs/events-url.js';
import { intentOf, limitsOf, type RunRow } from '../runs/run-row.js';
import { ACTIVE_STATUSES, type RunStatus } from '../runs/run-state.js';
import type { ClientKeys } from './client-keys.js';

/** A run of a conversation that a client named. */
export interface ClientRun {
  readonly runId: string;
  readonly conversationId: string;
  readonly userMessageId: string;
  readonly assistantMessageId: string;
  readonly status: RunStatus;
}

export interface FoundByKeys {
  readonly conversationId?: string;
  /** The run of that key, as it was answered when it started. */
  readonly run?: AdmittedRun;
}

/** Finds conversations and runs by the names that clients gave them. What another user named is not found. */
@Injectable()
export class ClientRuns {
  constructor(
    private readonly prisma: PrismaService,
    private readonly eventsUrls: EventsUrls,
  ) {}

  async conversationOf(userId: string, conversationKey: string): Promise<string | undefined> {
    const row = await this.prisma.conversation.findUnique({ where: { userId_clientKey: { userId, clientKey: conversationKey } }, select: { id: true } });
    return row?.id;
  }

  async find(userId: string, keys: ClientKeys): Promise<FoundByKeys> {
    const conversationId = await this.conversationOf(userId, keys.conversation);
    if (!conversationId || keys.run === undefined) return { conversationId };
    const row = await this.prisma.run.findUnique({ where: { conversationId_clientKey: { conversationId, clientKey: keys.run } } });
    return { conversationId, run: row ? this.present(row) : undefined };
  }

  /** The run of these keys, with the message that started it. */
  async named(userId: string, { conversation, run }: Required<ClientKeys>): Promise<(ClientRun & { readonly message: string }) | undefined> {
    const row = await this.prisma.run.findFirst({ where: { clientKey: run, conversation: { userId, clientKey: conversation } } });
    const message = row && (await this.prisma.message.findUnique({ where: { id: row.userMessageId }, select: { text: true } }));
    return row ? { ...toClientRun(row), message: message?.text ?? '' } : undefined;
  }

  /** The run that gives, or gave, this answer of the conversation. */
  async ofMessage(userId: string, conversationKey: string, assistantMessageId: string): Promise<ClientRun | undefined> {
    if (!isId(assistantMessageId)) return undefined;
    const row = await this.prisma.run.findFirst({ where: { assistantMessageId, conversation: { userId, clientKey: conversationKey } } });
    return row ? toClientRun(row) : undefined;
  }

  /** The runs that wait, or go on, oldest first: the first has the turn. */
  async active(userId: string, conversationKey: string): Promise<ClientRun[]> {
    const rows = await this.prisma.run.findMany({ where: { conversation: { userId, clientKey: conversationKey }, status: { in: [...ACTIVE_STATUSES] } }, orderBy: { id: 'asc' } });
    return rows.map(toClientRun);
  }

  private present(row: RunRow): AdmittedRun {
    const { uncalibratedInputTokens: _, ...estimate } = row.estimate as unknown as Estimate & { uncalibratedInputTokens: number }; // written by admission
    return {
      runId: row.id,
      conversationId: row.conversationId,
      messageId: row.assistantMessageId,
      intent: intentOf(row),
      model: row.model,
      limits: describeLimits(limitsOf(row), intentOf(row)),
      estimate,
      eventsUrl: this.eventsUrls.of(row.userId, row.id),
    };
  }
}

function toClientRun({ id, conversationId, userMessageId, assistantMessageId, status }: RunRow): ClientRun {
  return { runId: id, conversationId, userMessageId, assistantMessageId, status: status as RunStatus };
}
