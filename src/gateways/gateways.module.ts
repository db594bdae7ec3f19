import { Module } from '@nestjs/common';
import { ChatModule } from '../chat/index.js';
import { ModelsModule } from '../models/index.js';
import { StreamingModule } from '../streaming/index.js';
import { AgUiController } from './ag-ui/ag-ui.controller.js';
import { AgUiRuns } from './ag-ui/ag-ui-runs.js';
import { AnsweredInterrupts } from './ag-ui/answered-interrupts.js';
import { AiSdkChatController } from './ai-sdk/ai-sdk-chat.controller.js';
import { AiSdkChats } from './ai-sdk/ai-sdk-chats.js';
import { ChatCompletionsController } from './openai-compatible/chat-completions.controller.js';

/** Other protocols' views of runs. */
@Module({
  imports: [ChatModule, ModelsModule, StreamingModule],
  controllers: [AgUiController, AiSdkChatController, ChatCompletionsController],
  providers: [AgUiRuns, AnsweredInterrupts, AiSdkChats],
})
export class GatewaysModule {}
