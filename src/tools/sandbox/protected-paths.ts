import { execFile } from 'node:child_process';
import { lstat } from 'node:fs/promises';
import { basename, join, relative } from 'node:path';
import { promisify } from 'node:util';
import { isSecretName } from '../workspace/protected-path.js';
import type { WorkspacePath } from '../workspace/workspace-path.js';
import { SandboxError } from './sandbox.port.js';

const run = promisify(execFile);

/** The longest path that Linux takes. */
const PATH_BYTES = 4_096;

/** What a command may not read or not write although it is in its workspace. */
export interface ProtectedPaths {
  /** Files like `.env`: an empty file stands in their place. */
  readonly secrets: readonly WorkspacePath[];
  /** Repositories, with what tells this very file or folder from any other. */
  readonly repositories: readonly { readonly path: WorkspacePath; readonly identity: string }[];
}

/**
 * Looks through the whole workspace but for `node_modules`. Links are not followed.
 * @throws SandboxError for more than `maxPaths` of them
 */
export async function findProtectedPaths(root: string, maxPaths: number, signal: AbortSignal): Promise<ProtectedPaths> {
  const expression = ['-name', 'node_modules', '-prune', '-o', '-name', '.git', '-print0', '-prune', '-o', '-type', 'f', '-iname', '.env*', '-print0'];
  const { stdout } = await run('find', [root, ...expression], { env: { PATH: '/usr/bin:/bin' }, signal, maxBuffer: maxPaths * PATH_BYTES }).catch((error: { code?: unknown; stdout?: string }) => {
    if (signal.aborted) throw signal.reason;
    // Folders that are gone again, or closed to the server, are no reason to give up on the others.
    if (error.code === 1 && typeof error.stdout === 'string') return { stdout: error.stdout };
    throw new SandboxError('The workspace could not be looked through.', { cause: error });
  });
  const found = stdout.split('\0').filter(Boolean).map((path) => relative(root, path));
  const secrets = found.filter((path) => isSecretName(basename(path)));
  const repositories = (await Promise.all(found.filter((path) => basename(path) === '.git').map((path) => identify(root, path)))).flat();
  if (secrets.length + repositories.length > maxPaths) {
    throw new SandboxError(`The workspace has more than ${maxPaths} secret files and repositories, which is too many to protect (sandbox.maxProtectedPaths).`);
  }
  return { secrets, repositories };
}

/** A link is left alone: what it names is only found in the sandbox, where there is nothing to protect. */
async function identify(root: string, path: WorkspacePath): Promise<ProtectedPaths['repositories'][number][]> {
  const stats = await lstat(join(root, path), { bigint: true });
  return stats.isDirectory() || stats.isFile() ? [{ path, identity: `${stats.dev}:${stats.ino}` }] : [];
}
