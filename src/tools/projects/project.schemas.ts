import { z } from 'zod';

const MAX_NAME_LENGTH = 100;

export const createProjectSchema = z.strictObject({
  name: z
    .string()
    .trim()
    .min(1)
    .max(MAX_NAME_LENGTH)
    .regex(/^\P{Cc}*$/u, 'must not contain control characters'),
  source: z.strictObject({ path: z.string().min(1).max(4_000).describe('Repository of the server to clone, in a folder of PROJECT_SOURCES') }).optional(),
});

export type CreateProject = z.output<typeof createProjectSchema>;

/** A project as clients see it. */
export interface ProjectView {
  readonly id: string;
  readonly name: string;
  /** True when Lomu made the folder and deletes it with the project. */
  readonly managed: boolean;
  readonly createdAt: string;
}
