import { AppError } from '../../common/index.js';
import type { Database } from '../../database/index.js';

/**
 * Takes back the message of a run and everything said after it. The runs stay, for their bills and what they changed, without
 * the names that their client gave them.
 * @throws AppError `run_not_found` when the conversation has no such run
 */
export async function rewindConversation(tx: Database, conversationId: string, runId: string): Promise<void> {
  const run = await tx.run.findFirst({ where: { id: runId, conversationId }, select: { userMessageId: true } });
  if (!run) throw new AppError('run_not_found', `There is no run ${runId} in this conversation.`);
  // Ids are in the order of time, answers behind their questions.
  await tx.message.deleteMany({ where: { conversationId, id: { gte: run.userMessageId } } });
  await tx.run.updateMany({ where: { conversationId, id: { gte: runId } }, data: { clientKey: null } });
}
