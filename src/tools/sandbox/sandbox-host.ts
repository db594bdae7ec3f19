import { existsSync } from 'node:fs';
import { chmod, lstat, mkdtemp, readlink, realpath, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { execPath } from 'node:process';
import { type SandboxHost, SYSTEM_PATH } from './bubblewrap-arguments.js';
import type { Identity } from './identity.js';
import { FOLDER_PREFIX, OWNER_FILE } from './sandbox-leftovers.js';
import { describeServer } from './server-process.js';


/** Looks at what this machine offers, and writes the files that every sandbox shows in /etc. @param toolPaths further folders with programs */
export async function prepareHost(toolPaths: readonly string[], user: Identity): Promise<SandboxHost> {
  const node = dirname(dirname(await realpath(execPath)));
  const outsideUsr = [...new Set([node, ...toolPaths])].filter((path) => path !== '/' && path !== '/usr' && !path.startsWith('/usr/'));
  return {
    toolPaths: outsideUsr,
    rootEntries: (await Promise.all(['bin', 'sbin', 'lib', 'lib32', 'lib64', 'libx32'].map(describeRootEntry))).flat(),
    supportFolder: await writeSupportFiles(user),
    shell: existsSync('/usr/bin/bash') || existsSync('/bin/bash') ? 'bash' : 'sh',
    searchPath: [...outsideUsr.map((path) => join(path, 'bin')), SYSTEM_PATH].join(':'),
  };
}

/** Most systems have links to /usr here, some have folders. */
async function describeRootEntry(name: string): Promise<SandboxHost['rootEntries'][number][]> {
  const stats = await lstat(`/${name}`).catch(() => null);
  if (!stats) return [];
  return [{ name, link: stats.isSymbolicLink() ? await readlink(`/${name}`) : null }];
}

async function writeSupportFiles({ uid, gid }: Identity): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), FOLDER_PREFIX));
  const files = {
    empty: '',
    passwd: `root:x:0:0::/root:/usr/sbin/nologin\nagent:x:${uid}:${gid}::/home/agent:/bin/sh\n`,
    group: `root:x:0:\nagent:x:${gid}:\n`,
    [OWNER_FILE]: JSON.stringify(describeServer()),
    hosts: '127.0.0.1 localhost\n::1 localhost\n',
  };
  for (const [name, content] of Object.entries(files)) await writeFile(join(folder, name), content, { mode: 0o444 });
  await chmod(folder, 0o755);
  return folder;
}
