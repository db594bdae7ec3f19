import { z } from 'zod';
import { INTENTS } from '../../common/index.js';

/** Body of `POST /api/chat/runs`. The size of the message is a limit, checked where the limits are known. */
export const startRunSchema = z.strictObject({
  message: z.string().refine((text) => text.trim().length > 0, 'must not be empty'),
  conversationId: z.uuid().optional(),
  projectId: z.uuid().optional(),
  intent: z.enum(INTENTS).optional(),
  /** `provider/model`; absent means the configured default. */
  model: z.string().min(1).max(200).optional(),
  onBusy: z.enum(['reject', 'enqueue', 'interrupt']).default('reject'),
  onDisconnect: z.enum(['continue', 'cancel']).default('continue'),
});

export type StartRun = z.output<typeof startRunSchema>;
