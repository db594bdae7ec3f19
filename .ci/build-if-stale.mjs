// Builds dist/ when a source file is newer than the last build, so that `npm start` needs no separate step.
import { spawnSync } from 'node:child_process';
import { readdirSync, statSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { generateIfStale } from './generate.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const stamp = `${root}dist/.built`;

const builtAt = modifiedAt(stamp);
const sources = ['package-lock.json', 'nest-cli.json', 'tsconfig.json', 'prisma/schema.prisma', '.ci/tsconfig.build.json'];
const newest = Math.max(newestUnder(`${root}src`), ...sources.map((file) => modifiedAt(root + file)));
if (newest > builtAt || process.argv.includes('--force')) build();

function build() {
  console.error('Building (only needed after a change) ...');
  generateIfStale();
  const { status } = spawnSync(process.execPath, [`${root}node_modules/@nestjs/cli/bin/nest.js`, 'build'], { cwd: root, stdio: ['ignore', 2, 2] });
  if (status !== 0) process.exit(status ?? 1);
  writeFileSync(stamp, '');
}

function modifiedAt(path) {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

function newestUnder(directory) {
  let newest = 0;
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    const path = `${directory}/${entry.name}`;
    if (entry.name === 'generated') continue;
    newest = Math.max(newest, entry.isDirectory() ? newestUnder(path) : modifiedAt(path));
  }
  return newest;
}
