import { z } from 'zod';
import { approvalAnswerSchema, clientIdSchema, startRunSchema } from '../../chat/index.js';
import { AppError } from '../../common/index.js';
import { parseInterruptId } from './interrupts.js';

/** Only what is needed to give the client's messages back; the rest of them is not ours. */
const messageSchema = z.looseObject({ id: z.string(), role: z.enum(['developer', 'system', 'user', 'assistant', 'tool', 'activity', 'reasoning']) });

const interruptIdSchema = z.string().transform((id, context) => {
  const parsed = parseInterruptId(id);
  if (!parsed) context.addIssue({ code: 'custom', message: 'is not the id of an interrupt of this server' });
  return parsed ?? z.NEVER;
});

const resumeSchema = z.discriminatedUnion('status', [
  z.looseObject({ interruptId: interruptIdSchema, status: z.literal('resolved'), payload: approvalAnswerSchema }),
  z.looseObject({ interruptId: interruptIdSchema, status: z.literal('cancelled') }),
]);

/** What this server understands beyond the protocol, all of it optional: as in `POST /api/chat/runs`. */
const optionsSchema = startRunSchema.pick({ projectId: true, intent: true, model: true, onBusy: true, onDisconnect: true });

/**
 * Body of `POST /api/ag-ui`: a RunAgentInput of AG-UI 1.0. `state`, `context` and `tools` are taken and not heeded: the
 * history is kept here, and tools of the client cannot be called.
 */
export const runAgentInputSchema = z.looseObject({
  threadId: clientIdSchema,
  runId: clientIdSchema,
  messages: z.array(messageSchema),
  resume: z
    .array(resumeSchema)
    .refine((entries) => new Set(entries.map(({ interruptId }) => interruptId.runId)).size <= 1, 'all must be of one run')
    .optional(),
  forwardedProps: z.looseObject({ lomu: optionsSchema.prefault({}) }).prefault({}),
});

export type RunAgentInput = z.output<typeof runAgentInputSchema>;

const contentSchema = z.union([z.string(), z.array(z.looseObject({ type: z.literal('text'), text: z.string() })).transform((parts) => parts.map(({ text }) => text).join(''))]);

/**
 * What a new run is asked: the last message, alone.
 * @throws AppError `validation_failed`
 */
export function messageToAnswer({ messages }: RunAgentInput): string {
  const last = messages.at(-1);
  if (last?.role !== 'user') throw invalid('the last one must be of the role user: earlier ones are known here, and results of tools of the client are not asked for');
  const content = contentSchema.safeParse(last.content);
  if (!content.success) throw invalid('only text is understood; put images and other files into the project');
  if (content.data.trim() === '') throw invalid('the last one must not be empty');
  return content.data;
}

function invalid(message: string): AppError {
  return new AppError('validation_failed', `messages: ${message}`, { extensions: { errors: [{ field: 'messages', message }] } });
}
