import { fileURLToPath } from 'node:url';

/** `public` stands beside this file in `src` and, copied by the build, in `dist`. */
export const PUBLIC_DIRECTORY = fileURLToPath(new URL('./public', import.meta.url));
