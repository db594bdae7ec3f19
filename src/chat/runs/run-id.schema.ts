import { z } from 'zod';

export const runIdSchema = z.uuid('is not a run id');
