import { z } from 'zod';
import { SCOPES } from '../http/index.js';
import { PLAN, USER_ID } from './user-id.js';

/** Body of `POST /api/access/keys`, and what the shell's options must come to. */
export const apiKeyOrderSchema = z.strictObject({
  userId: z.string().regex(USER_ID, 'must be 1 to 200 characters without blanks'),
  role: z.enum(['user', 'admin']),
  scopes: z.array(z.enum(SCOPES)).max(SCOPES.length).default([]),
  expiresAt: z.iso.datetime({ offset: true }).transform((time) => new Date(time)).optional(),
  plan: z.string().regex(PLAN, 'must be 1 to 64 letters, digits, dots, dashes or underscores').optional(),
});
