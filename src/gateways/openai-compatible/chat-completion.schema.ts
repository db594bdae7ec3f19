import { z } from 'zod';
import { messageSchema } from './chat-message.js';


/**
 * Body of `POST /v1/chat/completions`. Sampling parameters, bounds of tokens and declared tools are taken and not heeded:
 * the server has its own. What would make the answer another than was asked for is refused.
 */
export const chatCompletionSchema = z.object({
  /** `provider/model`, as listed by `GET /v1/models`. */
  model: z.string().min(1).max(200),
  messages: z
    .array(messageSchema)
    .min(1)
    .refine((messages) => messages.at(-1)?.role === 'user', 'the last one must be of the role user: tools run on the server, so their results cannot be what is answered')
    .refine((messages) => messages.at(-1)?.text.trim() !== '', 'the last one must not be empty'),
  stream: z.boolean().nullish(),
  stream_options: z.object({ include_usage: z.boolean().optional() }).nullish(),
  n: z.literal(1, 'only one answer is given').nullish(),
  response_format: z.object({ type: z.literal('text', 'only text can be answered') }).nullish(),
  tool_choice: z.enum(['none', 'auto'], 'tools of the client cannot be called, so none can be demanded').nullish(),
  modalities: z.array(z.literal('text', 'only text can be answered')).nullish(),
  logprobs: z.literal(false, 'not available').nullish(),
});

export type ChatCompletionRequest = z.output<typeof chatCompletionSchema>;
