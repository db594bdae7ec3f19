import { z } from 'zod';

export const approvalAnswerSchema = z.strictObject({ approved: z.boolean(), reason: z.string().trim().max(1_000).optional() });
export const callIdSchema = z.string().regex(/^\P{Cc}{1,500}$/u, 'is not the id of a tool call');
