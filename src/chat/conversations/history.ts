import { Injectable } from '@nestjs/common';
import { type Prisma, PrismaService } from '../../database/index.js';
import type { ModelContent } from '../../models/index.js';

/** What was said earlier in a conversation, as the model gets it. */
@Injectable()
export class ConversationHistory {
  constructor(private readonly prisma: PrismaService) {}

  /** The newest `limit` messages, oldest first. */
  async load(conversationId: string, limit: number): Promise<ModelContent[]> {
    return this.newest({ conversationId }, limit);
  }

  /**
   * A message and the newest `limit` ones before it, oldest first.
   * @throws Error when there is no such message
   */
  async loadUpTo(messageId: string, conversationId: string, limit: number): Promise<{ history: ModelContent[]; text: string }> {
    const contents = await this.newest({ conversationId, id: { lte: messageId } }, limit + 1);
    const last = contents.pop();
    if (last?.role !== 'user') throw new Error(`Message ${messageId} is not in conversation ${conversationId}.`);
    return { history: contents, text: last.text };
  }

  private async newest(where: Prisma.MessageWhereInput, limit: number): Promise<ModelContent[]> {
    const rows = await this.prisma.message.findMany({
      where,
      orderBy: { id: 'desc' }, // UUIDv7: the order of creation
      take: limit,
      select: { role: true, text: true },
    });
    return rows.reverse().map(({ role, text }) => (role === 'user' ? { role: 'user', text } : { role: 'model', text, toolCalls: [] }));
  }
}
