import { readFileSync } from 'node:fs';

/** package.json stands one folder above both `src` and `dist`. */
export const LOMU_VERSION: string = (JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string }).version;
