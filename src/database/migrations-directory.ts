import { fileURLToPath } from 'node:url';

/** `prisma/migrations`, which stands beside both `src` and `dist`. */
export const MIGRATIONS_DIRECTORY = fileURLToPath(new URL('../../prisma/migrations', import.meta.url));
