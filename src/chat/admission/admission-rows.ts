import type { Database } from '../../database/index.js';
import type { RunIds } from './run-ids.js';

/** What a message that is admitted adds to the database, beside its credit hold. */
export interface AdmissionRows {
  readonly ids: RunIds;
  readonly userId: string;
  readonly projectId: string;
  /** Absent when the conversation exists. */
  readonly newConversation?: { readonly title: string; readonly clientKey?: string };
  readonly isNewSession: boolean;
  readonly text: string;
  readonly run: {
    readonly clientKey?: string;
    readonly intent: string;
    readonly model: string;
    readonly onDisconnect: string;
    readonly limits: object;
    readonly limitsRevision: number;
    readonly experimentArms: readonly object[];
    readonly estimate: object;
    readonly estimatedNanoUsd: bigint;
    readonly lastSeq: number;
  };
  readonly now: Date;
}

/** All of them in one statement, because each is one more way to the database before the first token. */
export async function insertAdmission(database: Database, { ids, userId, projectId, newConversation, isNewSession, text, run, now }: AdmissionRows): Promise<void> {
  await database.$executeRaw`
    WITH conversation AS (
      INSERT INTO conversations (id, user_id, project_id, title, client_key, created_at, last_active_at)
      SELECT ${ids.conversationId}::uuid, ${userId}, ${projectId}::uuid, ${newConversation?.title ?? ''}, ${newConversation?.clientKey ?? null}::text, ${now}::timestamptz, ${now}::timestamptz WHERE ${newConversation !== undefined}::boolean),
    session AS (
      INSERT INTO conversation_sessions (id, conversation_id, started_at, last_active_at)
      SELECT ${ids.sessionId}::uuid, ${ids.conversationId}::uuid, ${now}::timestamptz, ${now}::timestamptz WHERE ${isNewSession}::boolean),
    message AS (
      INSERT INTO messages (id, conversation_id, run_id, role, text, created_at)
      VALUES (${ids.userMessageId}::uuid, ${ids.conversationId}::uuid, ${ids.runId}::uuid, 'user', ${text}, ${now}::timestamptz))
    INSERT INTO runs (id, user_id, conversation_id, session_id, project_id, user_message_id, assistant_message_id, client_key, status, intent, model, on_disconnect,
      limits, limits_revision, experiment_arms, estimate, estimated_nano_usd, last_seq, created_at)
    VALUES (${ids.runId}::uuid, ${userId}, ${ids.conversationId}::uuid, ${ids.sessionId}::uuid, ${projectId}::uuid, ${ids.userMessageId}::uuid, ${ids.assistantMessageId}::uuid,
      ${run.clientKey ?? null}::text, 'queued', ${run.intent}, ${run.model}, ${run.onDisconnect}, ${JSON.stringify(run.limits)}::jsonb, ${run.limitsRevision}::int, ${JSON.stringify(run.experimentArms)}::jsonb,
      ${JSON.stringify(run.estimate)}::jsonb, ${run.estimatedNanoUsd}::bigint, ${run.lastSeq}::int, ${now}::timestamptz)`;
}
