import { Global, Module } from '@nestjs/common';
import { BillingModule } from '../../billing/index.js';
import { RUN_DIRECTORY } from '../../streaming/index.js';
import { AnswerHistory } from './answer-history.js';
import { ChatRunDirectory } from './chat.run-directory.js';

/**
 * Answers streaming's questions about runs. Global so that streaming finds it without knowing chat;
 * apart from ChatModule because Nest ends global modules last, and chat must end before the streams do.
 */
@Global()
@Module({
  imports: [BillingModule],
  providers: [AnswerHistory, ChatRunDirectory, { provide: RUN_DIRECTORY, useExisting: ChatRunDirectory }],
  exports: [RUN_DIRECTORY, AnswerHistory],
})
export class RunDirectoryModule {}
