import { z } from 'zod';
import { clientIdSchema } from '../../chat/index.js';
import { INTENTS } from '../../common/index.js';

const partSchema = z.looseObject({ type: z.string() });
const lastMessageSchema = z.looseObject({ id: clientIdSchema.optional(), role: z.string(), parts: z.array(partSchema) }, 'must be a UI message');

/**
 * Body of `POST /api/chat`, as `useChat` sends it: the chat's id and its messages, of which only the last one is looked at,
 * because the history is kept here. The rest comes from the `body` option of the transport, or of a single call.
 */
export const chatRequestSchema = z.object({
  id: clientIdSchema,
  messages: z
    .array(z.unknown())
    .min(1)
    .describe('UI messages; only the last one is read.')
    .transform((messages, context) => {
      const last = lastMessageSchema.safeParse(messages.at(-1));
      if (last.success) return last.data;
      for (const { path, message } of last.error.issues) context.addIssue({ code: 'custom', message, path: [messages.length - 1, ...path] });
      return z.NEVER;
    }),
  trigger: z.enum(['submit-message', 'regenerate-message']).default('submit-message'),
  projectId: z.uuid().optional(),
  intent: z.enum(INTENTS).optional(),
  /** `provider/model` */
  model: z.string().min(1).max(200).optional(),
  onBusy: z.enum(['reject', 'enqueue', 'interrupt']).default('interrupt').describe('What happens to a run that still goes on in this chat.'),
  onDisconnect: z.enum(['continue', 'cancel']).default('continue'),
  toolApprovals: z.boolean().default(true).describe('false for AI SDK 5, which has no word for approvals: they come as data-approval, and are answered at /api/chat/runs/{runId}/approvals/{callId}.'),
});

export type ChatRequest = z.output<typeof chatRequestSchema>;
export type LastMessage = ChatRequest['messages'];

export const resumeQuerySchema = z.strictObject({ toolApprovals: z.enum(['true', 'false']).default('true').transform((flag) => flag === 'true') });
export type ResumeQuery = z.output<typeof resumeQuerySchema>;
