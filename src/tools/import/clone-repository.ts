import { spawn } from 'node:child_process';
import { realpath } from 'node:fs/promises';
import { isAbsolute, relative, sep } from 'node:path';
import { AppError } from '../../common/index.js';
import { killGroup } from '../kill-group.js';

const KEPT_CHARACTERS = 500;
/** Nothing that git reads from elsewhere has a say: no settings of the machine or the user, no hooks, no helpers, no other protocol. */
const SETTINGS = ['-c', 'core.hooksPath=/dev/null', '-c', 'core.symlinks=false', '-c', 'core.fsmonitor=false', '-c', 'protocol.allow=never', '-c', 'protocol.file.allow=always', '-c', 'submodule.recurse=false'];
const ENVIRONMENT = { GIT_CONFIG_NOSYSTEM: '1', GIT_CONFIG_GLOBAL: '/dev/null', GIT_TERMINAL_PROMPT: '0', GIT_ALLOW_PROTOCOL: 'file', GIT_LFS_SKIP_SMUDGE: '1', HOME: '/nonexistent', LC_ALL: 'C', PATH: '/usr/local/bin:/usr/bin:/bin' };

/**
 * The real folder of a source, when it is one that may be cloned or is in one.
 * @throws AppError `source_refused`, in the same words whether or not there is such a folder elsewhere
 */
export async function allowedSource(path: string, allowed: readonly string[]): Promise<string> {
  const refusal = new AppError('source_refused', 'Projects cannot be created from this path. PROJECT_SOURCES names the folders that may be cloned.');
  if (!isAbsolute(path) || path.includes('\0')) throw refusal;
  const source = await realpath(path).catch(() => undefined);
  const roots = await Promise.all(allowed.map((root) => realpath(root).catch(() => undefined)));
  if (!source || !roots.some((root) => root !== undefined && isWithin(root, source))) throw refusal;
  return source;
}

/**
 * Clones a repository of this machine, with its history and without a way back to it. Links in it become plain files.
 * @param target a folder that does not exist yet
 * @throws AppError `source_refused` with what git said, or the signal's reason
 */
export async function cloneRepository(source: string, target: string, signal: AbortSignal): Promise<void> {
  await git(['clone', '--quiet', '--no-hardlinks', '--template=', '--no-recurse-submodules', '--', source, target], signal);
  await git(['-C', target, 'remote', 'remove', 'origin'], signal);
}

function git(command: readonly string[], signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn('git', [...SETTINGS, ...command], { env: ENVIRONMENT, stdio: ['ignore', 'ignore', 'pipe'], detached: true });
    const onAbort = (): void => killGroup(child.pid);
    signal.addEventListener('abort', onAbort, { once: true });
    if (signal.aborted) onAbort();
    let errors = '';
    child.stderr.on('data', (piece: Buffer) => (errors = (errors + piece.toString()).slice(0, KEPT_CHARACTERS)));
    child.once('error', (error) => reject(new AppError('source_refused', 'git cannot be run on this server.', { cause: error })));
    child.once('close', (code) => {
      signal.removeEventListener('abort', onAbort);
      if (signal.aborted) reject(signal.reason);
      else if (code === 0) resolve();
      else reject(new AppError('source_refused', 'git could not clone this path. Is it a repository that the server may read?', { cause: new Error(errors) }));
    });
  });
}

function isWithin(root: string, path: string): boolean {
  const below = relative(root, path);
  return below === '' || (below !== '..' && !below.startsWith(`..${sep}`) && !isAbsolute(below));
}
