import { Controller, Delete, Get, HttpCode, Param, Query } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import type { Principal } from '../../common/index.js';
import { CurrentPrincipal, type Page, type PageQuery, pageQuerySchema, RequiresScope } from '../../http/index.js';
import { ConversationDeletion } from '../deletion/conversation-deletion.js';
import { type ConversationView, ConversationStore, type MessageView } from './conversation-store.js';

const idSchema = z.uuid('is not a conversation id');

@ApiTags('chat')
@RequiresScope('chat')
@Controller('api/chat/conversations')
export class ConversationsController {
  constructor(
    private readonly conversations: ConversationStore,
    private readonly deletion: ConversationDeletion,
  ) {}

  @Get()
  @ApiOperation({ summary: 'Your conversations, the last active first' })
  list(@CurrentPrincipal() principal: Principal, @Query({ schema: pageQuerySchema }) query: PageQuery): Promise<Page<ConversationView>> {
    return this.conversations.list(principal.userId, query);
  }

  @Get(':id')
  @ApiOperation({ summary: 'One conversation, with the run that goes on in it' })
  find(@CurrentPrincipal() principal: Principal, @Param('id', { schema: idSchema }) id: string): Promise<ConversationView & { activeRunId: string | null }> {
    return this.conversations.find(principal.userId, id);
  }

  @Get(':id/messages')
  @ApiOperation({ summary: 'Messages of a conversation, oldest first' })
  messages(@CurrentPrincipal() principal: Principal, @Param('id', { schema: idSchema }) id: string, @Query({ schema: pageQuerySchema }) query: PageQuery): Promise<Page<MessageView>> {
    return this.conversations.messages(principal.userId, id, query);
  }

  @Delete(':id')
  @HttpCode(204)
  @ApiOperation({ summary: 'Delete a conversation with all that is of it, after stopping what goes on in it; amounts stay in the ledger, without a way back to it' })
  async remove(@CurrentPrincipal() principal: Principal, @Param('id', { schema: idSchema }) id: string): Promise<void> {
    await this.deletion.remove(principal.userId, id);
  }
}
