import { Inject, Injectable } from '@nestjs/common';
import { AppError, CLOCK, type Clock } from '../../common/index.js';
import { type Prisma, PrismaService } from '../../database/index.js';
import { behind, decodeCursor, type Page, type PageQuery, toPage } from '../../http/index.js';
import { ACTIVE_STATUSES } from '../runs/run-state.js';

export interface ConversationView {
  readonly id: string;
  readonly projectId: string | null;
  readonly title: string;
  readonly createdAt: string;
  readonly lastActiveAt: string;
}

export interface MessageView {
  readonly id: string;
  readonly runId: string | null;
  readonly role: string;
  readonly text: string;
  readonly createdAt: string;
}

type ConversationRow = Prisma.ConversationGetPayload<object>;
type MessageRow = Prisma.MessageGetPayload<object>;

const HOUR_MS = 3_600_000;

@Injectable()
export class ConversationStore {
  constructor(
    private readonly prisma: PrismaService,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  async list(userId: string, { cursor, limit }: PageQuery): Promise<Page<ConversationView>> {
    const rows = await this.prisma.conversation.findMany({
      where: { userId, ...behind('lastActiveAt', decodeCursor(cursor)) },
      orderBy: [{ lastActiveAt: 'desc' }, { id: 'asc' }],
      take: limit + 1,
    });
    return toPage(rows, limit, (row) => ({ at: row.lastActiveAt, id: row.id }), presentConversation);
  }

  /** @throws AppError `conversation_not_found` */
  async find(userId: string, id: string): Promise<ConversationView & { activeRunId: string | null }> {
    const row = await this.owned(userId, id);
    const active = await this.prisma.run.findFirst({ where: { conversationId: id, status: { in: [...ACTIVE_STATUSES] } }, orderBy: { id: 'asc' }, select: { id: true } });
    return { ...presentConversation(row), activeRunId: active?.id ?? null };
  }

  async messages(userId: string, id: string, { cursor, limit }: PageQuery): Promise<Page<MessageView>> {
    await this.owned(userId, id);
    const after = decodeCursor(cursor);
    const rows = await this.prisma.message.findMany({
      where: { conversationId: id, ...(after ? { id: { gt: after.id } } : {}) },
      orderBy: { id: 'asc' }, // made at admission, so that an answer stands behind its question, before one that was enqueued meanwhile
      take: limit + 1,
    });
    return toPage(rows, limit, (row) => ({ at: row.createdAt, id: row.id }), presentMessage);
  }

  /** Ends up to `batchSize` sessions without activity for `hours`; the next message begins a new one. @returns how many */
  async endInactiveSessions(hours: number, batchSize: number): Promise<number> {
    const now = this.clock.now();
    const before = new Date(now - hours * HOUR_MS);
    // An array, because for `IN` the planner may go through all sessions that there ever were.
    return this.prisma.$executeRaw`
      UPDATE conversation_sessions SET ended_at = ${new Date(now)} WHERE ended_at IS NULL AND id = ANY (ARRAY(
        SELECT id FROM conversation_sessions s WHERE ended_at IS NULL AND last_active_at < ${before}
          AND NOT EXISTS (SELECT 1 FROM runs r WHERE r.conversation_id = s.conversation_id AND r.status IN ('queued', 'running', 'waiting'))
        ORDER BY last_active_at LIMIT ${batchSize}))`;
  }

  private async owned(userId: string, id: string): Promise<ConversationRow> {
    const row = await this.prisma.conversation.findFirst({ where: { id, userId } });
    if (!row) throw new AppError('conversation_not_found', `There is no conversation ${id}.`);
    return row;
  }
}

function presentConversation(row: ConversationRow): ConversationView {
  return { id: row.id, projectId: row.projectId, title: row.title, createdAt: row.createdAt.toISOString(), lastActiveAt: row.lastActiveAt.toISOString() };
}

function presentMessage(row: MessageRow): MessageView {
  return { id: row.id, runId: row.runId, role: row.role, text: row.text, createdAt: row.createdAt.toISOString() };
}
