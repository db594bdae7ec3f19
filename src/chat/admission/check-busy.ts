import { AppError } from '../../common/index.js';
import type { Database } from '../../database/index.js';
import { ACTIVE_STATUSES } from '../runs/run-state.js';
import type { StartRun } from './start-run.schema.js';

export interface BusyRequest {
  readonly userId: string;
  /** Absent for a new one. */
  readonly conversationId: string | undefined;
  readonly onBusy: StartRun['onBusy'];
  /** `chat.maxConcurrentRunsPerUser` */
  readonly maxRuns: number;
}

export interface RunsBefore {
  /** Runs of the conversation that go before the new one. */
  readonly count: number;
  /** Those of them that give way to it. */
  readonly interrupted: readonly string[];
}

/**
 * Whether a user who has runs going on may start one more, and what becomes of those of the same conversation. Called
 * under the lock of the user's account, so counts are exact, and of several that interrupt at once only the last stays.
 * @throws AppError `conversation_busy`, `limit_exceeded`
 */
export async function checkBusy(tx: Database, { userId, conversationId, onBusy, maxRuns }: BusyRequest): Promise<RunsBefore> {
  const active = await tx.run.findMany({ where: { userId, status: { in: [...ACTIVE_STATUSES] } }, select: { id: true, conversationId: true } });
  const inConversation = active.filter((run) => run.conversationId === conversationId).map(({ id }) => id);
  if (inConversation.length > 0 && onBusy === 'reject') {
    throw new AppError('conversation_busy', 'This conversation has a run going on. Wait for it, cancel it, or send onBusy "enqueue" or "interrupt".');
  }
  const interrupted = onBusy === 'interrupt' ? inConversation : [];
  const total = active.length - interrupted.length; // they make room
  if (total >= maxRuns) {
    throw new AppError('limit_exceeded', `You have ${total} runs going on and ${maxRuns} are allowed. Wait for one to end or cancel it.`, {
      retryAfterMs: 5_000,
      extensions: { limit: 'chat.maxConcurrentRunsPerUser', value: maxRuns },
    });
  }
  return { count: inConversation.length, interrupted };
}
