import { z } from 'zod';
import type { ApprovalRequest } from '../../chat/index.js';
import { AppError } from '../../common/index.js';
import type { LastMessage } from './chat-request.schema.js';

/** What the last message of a request asks for: a run, or that one goes on. */
export type ChatTurn = { readonly kind: 'message'; readonly text: string } | { readonly kind: 'answers'; readonly answers: readonly ApprovalAnswer[] };

export interface ApprovalAnswer extends ApprovalRequest {
  readonly callId: string;
}

const textPartSchema = z.object({ type: z.literal('text'), text: z.string() });
const answeredPartSchema = z.object({
  state: z.literal('approval-responded'),
  toolCallId: z.string().min(1).max(500),
  approval: z.object({ approved: z.boolean(), reason: z.string().trim().max(1_000).optional() }),
});

/** @throws AppError `validation_failed` when it asks for what cannot be done */
export function turnOf({ role, parts }: LastMessage): ChatTurn {
  if (role === 'user') return { kind: 'message', text: textOf(parts) };
  if (role !== 'assistant') throw refused('the last message must be the user’s, or carry answers to approvals');
  const answers = parts.flatMap((part) => {
    const answered = answeredPartSchema.safeParse(part);
    return answered.success ? [{ callId: answered.data.toolCallId, ...answered.data.approval }] : [];
  });
  if (answers.length === 0) throw refused('the last message is the assistant’s and answers no approval. Tools run on the server, so there is nothing else to go on with');
  return { kind: 'answers', answers };
}

function textOf(parts: LastMessage['parts']): string {
  if (parts.some(({ type }) => type === 'file')) throw refused('only text is understood; put images and other files into the project');
  const text = parts.flatMap((part) => textPartSchema.safeParse(part).data?.text ?? []).join('\n');
  if (text.trim() === '') throw refused('the last message must not be empty');
  return text;
}

function refused(why: string): AppError {
  return new AppError('validation_failed', `messages: ${why}.`);
}
