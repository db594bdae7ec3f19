// Makes the Prisma client when the schema is newer than it. Nothing is downloaded.
import { spawnSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const schema = `${root}prisma/schema.prisma`;
const client = `${root}src/database/generated/client.ts`;
const prismaCli = `${root}node_modules/prisma/build/index.js`;

export function generateIfStale() {
  if (existsSync(client) && statSync(client).mtimeMs >= statSync(schema).mtimeMs) return false;
  const { status, stderr } = spawnSync(process.execPath, [prismaCli, 'generate'], { cwd: root, encoding: 'utf8', env: { ...process.env, PRISMA_HIDE_UPDATE_MESSAGE: '1' } });
  if (status !== 0) {
    console.error(stderr);
    process.exit(status ?? 1);
  }
  return true;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) generateIfStale();
